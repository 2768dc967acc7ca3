import { type StoredTensor, toFloat32 } from "@muladd/checkpoint";
import { blank, type Init, namedWeights, type Weight, type WeightFormat } from "@muladd/nn";
import { type Backend, dispose, Packed, Parameter, type Shape, size, Tensor } from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { GPT } from "../model.ts";
import { equalTensors } from "./head.ts";
import { checkRoom } from "./memory.ts";
import type { Pretrained } from "./open.ts";
import { type Placement, placementsOf, shortName, tensorsByName } from "./placements.ts";
import { halved, transposeInto } from "./rearrange.ts";
import { slotsOf } from "./slots.ts";

export interface LoadOptions {
  /** How matrices live on the backend. Default "f32". */
  readonly weights?: WeightFormat;
  /** After each piece: bytes of the files read, and to read. */
  readonly onProgress?: (read: number, total: number) => void;
  /** Told what is odd but no error. Default: `console.warn`. */
  readonly onWarning?: (text: string) => void;
}

/** Bytes of a file in memory at a time: few beside any model, and many beside the cost of a read. */
const PIECE = 1 << 20;

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
  const model = new GPT(config, unwritten(backend, weights));
  try {
    const all = new Map(namedWeights(model));
    const total = placements.reduce((sum, { stored }) => sum + stored.byteLength, 0);
    const scratch = new Scratch();
    let read = 0;
    for (const placement of placements)
      await place(placement, all.get(placement.slot.parameter)!, scratch, (bytes) => {
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
 * transformers. Of GGUF files it is known only so.
 */
async function withHead(
  { config, family, form, store }: Pretrained,
  warn: (text: string) => void,
): Promise<{ config: GPTConfig; tensors: ReadonlyMap<string, StoredTensor> }> {
  const tensors = tensorsByName(store, family, form);
  if (!config.tied && form !== "gguf") return { config, tensors };
  const slots = slotsOf({ ...config, tied: false }, family, form);
  const nameOf = (parameter: string) =>
    shortName(slots.find((slot) => slot.parameter === parameter)?.name ?? "", family);
  const head = tensors.get(nameOf("head.weight"));
  const embedding = tensors.get(nameOf("tokens.weight"));
  if (!head || !embedding) return { config, tensors };
  if (await equalTensors(head, embedding))
    return {
      config: { ...config, tied: true },
      tensors: new Map([...tensors].filter(([, tensor]) => tensor !== head)),
    };
  if (form === "huggingface")
    warn(
      `${store.name}: ${head.name} is not ${embedding.name}, though config.json ties them: it is loaded as a head of its own`,
    );
  return { config: { ...config, tied: false }, tensors };
}

/** Memory that serves piece after piece: new memory would cost more than to read or to transpose what comes into it. */
class Scratch {
  #read = new Uint8Array(0);
  #turned = new Float32Array(0);

  /** For a piece of a file. */
  bytes(length: number): Uint8Array {
    if (this.#read.length < length) this.#read = new Uint8Array(length);
    return this.#read;
  }

  /** For a transposed tensor. */
  numbers(length: number): Float32Array {
    if (this.#turned.length < length) this.#turned = new Float32Array(length);
    return this.#turned.subarray(0, length);
  }
}

/** Reads a tensor into its rows of a weight. */
async function place(
  { slot, stored }: Placement,
  weight: Weight,
  scratch: Scratch,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const [rows, columns] =
    stored.shape.length === 1 ? [1, stored.shape[0]!] : (stored.shape as [number, number]); // no weight has more axes
  const rowBytes = stored.byteLength / rows;
  const whole = slot.paired || 1; // heads are whole in a piece
  const step = whole * Math.max(Math.floor(PIECE / (rowBytes * whole)), 1);
  const turned = slot.transposed ? scratch.numbers(rows * columns) : undefined;
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(from + step, rows);
    const room = scratch.bytes((to - from) * rowBytes);
    const bytes = await stored.read(from * rowBytes, to * rowBytes, room);
    const numbers = numbersOf(bytes, stored);
    if (turned) transposeInto(turned, numbers, columns, rows, from);
    else if (slot.paired === 0) put(weight, numbers, slot.row + from);
    else put(weight, halved(numbers, slot.paired, stored.shape[1] ?? 1), slot.row + from);
    onBytes(bytes.length);
  }
  if (turned) put(weight, turned, 0);
}

/** Writes whole rows of a weight. */
function put(weight: Weight, numbers: Float32Array, row: number): void {
  if (weight instanceof Packed) {
    weight.write(numbers, row);
    return;
  }
  if (numbers.length === size(weight.shape) && weight.exclusive) {
    weight.backend.write(weight.buffer, numbers); // no copy on the way
    return;
  }
  const [, ...rest] = weight.shape;
  using piece = Tensor.from(weight.backend, numbers, [numbers.length / size(rest), ...rest]);
  weight.store(piece, 0, row);
}

/**
 * Weights whose memory is not touched before they are loaded into it: what is written twice takes twice as long, and new
 * memory is most of it.
 */
function unwritten(backend: Backend, weights: WeightFormat): Init {
  const parameter = (shape: Shape) => {
    using memory = Tensor.alloc(backend, shape, "f32");
    return new Parameter(memory);
  };
  const zeros = blank(backend, { weights });
  return {
    backend,
    normal: parameter,
    constant: parameter,
    matrix: (rows, columns, std) =>
      weights === "f32" ? parameter([rows, columns]) : zeros.matrix(rows, columns, std),
  };
}

/** Stored numbers: where they lie, if they can be read there. */
const numbersOf = (bytes: Uint8Array, { dtype }: StoredTensor): Float32Array =>
  dtype === "F32" && bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : toFloat32(bytes, dtype);
