import { type StoredTensor, toFloat32 } from "@muladd/checkpoint";
import { blank, namedWeights, type Weight, type WeightFormat } from "@muladd/nn";
import { type Backend, dispose, Packed, size, Tensor } from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { GPT } from "../model.ts";
import { equalTensors } from "./head.ts";
import { checkRoom } from "./memory.ts";
import type { Pretrained } from "./open.ts";
import { type Placement, placementsOf, shortName, tensorsByName } from "./placements.ts";
import { halved, transpose } from "./rearrange.ts";
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
  const model = new GPT(config, blank(backend, { weights }));
  try {
    const all = new Map(namedWeights(model));
    const total = placements.reduce((sum, { stored }) => sum + stored.byteLength, 0);
    let read = 0;
    for (const placement of placements)
      await place(placement, all.get(placement.slot.parameter)!, (bytes) => {
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
  const tensors = tensorsByName(store, family, form);
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

/** Reads a tensor into its rows of a weight. */
async function place(
  { slot, stored }: Placement,
  weight: Weight,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const [rows, columns] =
    stored.shape.length === 1 ? [1, stored.shape[0]!] : (stored.shape as [number, number]); // no weight has more axes
  const rowBytes = stored.byteLength / rows;
  const whole = slot.transposed ? rows : slot.paired || 1;
  const step = whole * Math.max(Math.floor(PIECE / (rowBytes * whole)), 1);
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    const bytes = await stored.read(from * rowBytes, to * rowBytes);
    put(slot, weight, numbersOf(bytes, stored), columns, from);
    onBytes(bytes.length);
  }
}

/** Writes numbers from row `from` of a tensor where they belong. */
function put(
  { row, transposed, paired }: Slot,
  weight: Weight,
  stored: Float32Array,
  columns: number,
  from: number,
): void {
  const halves =
    paired > 0 ? halved(stored, paired, weight.shape.length === 1 ? 1 : columns) : stored;
  const numbers = transposed ? transpose(halves, columns) : halves;
  if (weight instanceof Packed) {
    weight.write(numbers, row + from);
    return;
  }
  const [, ...rest] = weight.shape;
  using piece = Tensor.from(weight.backend, numbers, [numbers.length / size(rest), ...rest]);
  weight.store(piece, 0, row + from);
}

/** Stored numbers: where they lie, if they can be read there. */
const numbersOf = (bytes: Uint8Array, { dtype }: StoredTensor): Float32Array =>
  dtype === "F32" && bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : toFloat32(bytes, dtype);
