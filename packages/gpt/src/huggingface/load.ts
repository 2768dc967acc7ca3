import { type StoredTensor, toFloat32 } from "@muladd/checkpoint";
import { blank, namedParameters } from "@muladd/nn";
import {
  type Backend,
  dispose,
  type Parameter,
  permute,
  reshape,
  Tensor,
  tidy,
} from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { GPT } from "../model.ts";
import { equalTensors } from "./head.ts";
import { checkRoom, type WeightFormat } from "./memory.ts";
import type { Pretrained } from "./open.ts";
import { type Placement, placementsOf, shortName, tensorsByName } from "./placements.ts";
import { type Slot, slotsOf } from "./slots.ts";

export interface LoadOptions {
  /** How matrices live on the backend. Default "f32". */
  readonly weights?: WeightFormat;
  /** After each piece: bytes of the files read, and to read. */
  readonly onProgress?: (read: number, total: number) => void;
  /** Told what is odd but no error. Default: `console.warn`. */
  readonly onWarning?: (text: string) => void;
}

/** Bytes of a file in memory at a time: few beside any model, and many beside the cost of a read. */
const PIECE = 1 << 22;

/**
 * Makes the model on a backend and fills it piece by piece: beside the weights there is never more than one piece in memory.
 * Throws OutOfMemoryError, before anything is read, for a model that the backend has no room for, and FormatError
 * that lists every tensor that is missing, wrongly shaped or not part of the model.
 */
export async function loadGPT(
  backend: Backend,
  pretrained: Pretrained,
  options: LoadOptions = {},
): Promise<GPT> {
  const { weights = "f32", onProgress, onWarning = console.warn } = options;
  const { family, form, store } = pretrained;
  const { config, tensors } = await withHead(pretrained, onWarning);
  const placements = placementsOf(slotsOf(config, family, form), tensors, family, store.name);
  checkRoom(backend, config, weights);
  const model = new GPT(config, blank(backend));
  try {
    const parameters = new Map(namedParameters(model));
    const total = placements.reduce((sum, { stored }) => sum + stored.byteLength, 0);
    let read = 0;
    for (const placement of placements)
      await place(placement, parameters.get(placement.slot.parameter)!, (bytes) => {
        read += bytes;
        onProgress?.(read, total);
      });
    return model;
  } catch (error) {
    dispose(model);
    throw error;
  }
}

/**
 * A head that is tied by the config and yet in the file: the same numbers are tied, others make a head of its own, as in
 * transformers. GGUF files cannot say it otherwise.
 */
async function withHead(
  { config, family, form, store }: Pretrained,
  warn: (text: string) => void,
): Promise<{ config: GPTConfig; tensors: ReadonlyMap<string, StoredTensor> }> {
  const tensors = tensorsByName(store, family);
  if (!config.tied) return { config, tensors };
  const slots = slotsOf({ ...config, tied: false }, family, form);
  const nameOf = (parameter: string) =>
    shortName(slots.find((slot) => slot.parameter === parameter)?.name ?? "", family);
  const head = tensors.get(nameOf("head.weight"));
  const embedding = tensors.get(nameOf("tokens.weight"));
  if (!head || !embedding) return { config, tensors };
  if (await equalTensors(head, embedding))
    return { config, tensors: new Map([...tensors].filter(([, tensor]) => tensor !== head)) };
  if (form === "huggingface")
    warn(
      `${store.name}: ${head.name} is not ${embedding.name}, though config.json ties them: it is loaded as a head of its own`,
    );
  return { config: { ...config, tied: false }, tensors };
}

/** Reads a tensor into its rows, or columns, of a parameter. */
async function place(
  { slot, stored }: Placement,
  parameter: Parameter,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const [rows, ...rest] = stored.shape.length === 1 ? [1, ...stored.shape] : stored.shape;
  const rowBytes = stored.byteLength / rows!;
  const whole = slot.paired || 1; // a piece holds whole heads
  const step = whole * Math.max(Math.floor(PIECE / (rowBytes * whole)), 1);
  for (let from = 0; from < rows!; from += step) {
    const to = Math.min(from + step, rows!);
    const bytes = await stored.read(from * rowBytes, to * rowBytes);
    const shape = stored.shape.length === 1 ? rest : [to - from, ...rest];
    tidy(() => put(slot, parameter, numbersOf(bytes, stored), shape, from));
    onBytes(bytes.length);
  }
}

/** Writes numbers from row `from` of a tensor where they belong. */
function put(
  { row, transposed, paired }: Slot,
  parameter: Parameter,
  numbers: Float32Array,
  shape: readonly number[],
  from: number,
): void {
  const piece = Tensor.from(parameter.backend, numbers, shape);
  if (transposed) parameter.store(permute(piece, [1, 0]), 1, from);
  else parameter.store(paired > 0 ? halved(piece, paired) : piece, 0, row + from);
}

/** (n·D, …): each head's rows of pairs, 0 D/2 1 D/2+1 …, in order. */
function halved(piece: Tensor, headRows: number): Tensor {
  const [rows, columns = 1] = piece.shape as [number, number?]; // a matrix or its bias
  const pairs = reshape(piece, [rows / headRows, headRows / 2, 2, columns]);
  return reshape(permute(pairs, [0, 2, 1, 3]), piece.shape);
}

/** Stored numbers: where they lie, if they can be read there. */
const numbersOf = (bytes: Uint8Array, { dtype }: StoredTensor): Float32Array =>
  dtype === "F32" && bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : toFloat32(bytes, dtype);
