import { type StoredTensor, toFloat32 } from "@muladd/checkpoint";
import { size } from "@muladd/tensor";
import { BINS, type TensorView } from "../inspect.ts";
import { type Shrinking, startShrinking } from "../shrink.ts";

/** A stored tensor as it is shown. */
export interface StoredLook {
  readonly name: string;
  readonly shape: readonly number[];
  readonly view: TensorView;
  /** Numbers that the tensor has; the view's statistics are of as many as were read. */
  readonly numbers: number;
}

/** Numbers that are read at most: a moment's work. Of larger tensors it is a part of each row of the heatmap. */
export const MOST_READ = 2 ** 24;
/** Numbers in memory at a time. */
const PIECE = 2 ** 20;
/** Quantized numbers are stored in blocks of as many at most: what is read begins and ends at multiples. */
const BLOCK = 256;

/** Numbers begin … end−1 of a tensor. */
type Span = readonly [begin: number, end: number];

/**
 * Statistics and heatmap of a stored tensor, read piece by piece, twice: a histogram needs the ends first. Throws FormatError
 * when it cannot be read, and the signal's reason when it is aborted.
 */
export async function lookStored(
  stored: StoredTensor,
  signal: AbortSignal,
  most = MOST_READ,
): Promise<StoredLook> {
  const heat = startShrinking(stored.shape);
  const spans = spansOf(stored, heat, most);
  let [min, max, sum, zeros, finite, count] = [Infinity, -Infinity, 0, 0, 0, 0];
  for await (const [at, numbers] of pieces(stored, spans, signal)) {
    heat.add(at, numbers);
    count += numbers.length;
    for (const x of numbers) {
      if (!Number.isFinite(x)) continue;
      finite++;
      if (x < min) min = x;
      if (x > max) max = x;
      sum += x;
      if (x === 0) zeros++;
    }
  }
  const mean = sum / finite;
  const histogram = new Array<number>(BINS).fill(0);
  let squares = 0;
  for await (const [, numbers] of pieces(stored, spans, signal))
    for (const x of numbers) {
      if (!Number.isFinite(x)) continue;
      squares += (x - mean) ** 2;
      const bin = max > min ? Math.floor(((x - min) / (max - min)) * BINS) : 0;
      histogram[Math.min(bin, BINS - 1)]!++;
    }
  const statistics = {
    count,
    min: finite > 0 ? min : Number.NaN,
    mean,
    max: finite > 0 ? max : Number.NaN,
    std: Math.sqrt(squares / finite),
    zeros,
    notFinite: count - finite,
    histogram,
  };
  const { name, shape } = stored;
  return { name, shape, view: { statistics, heatmap: heat.result() }, numbers: size(shape) };
}

/** What is read of a tensor: all, or as much of each row of the heatmap, or of each cell where there is one row. */
function spansOf({ shape }: StoredTensor, heat: Shrinking, most: number): Span[] {
  const numbers = size(shape);
  if (numbers <= most) return [[0, numbers]];
  const columns = shape.at(-1) ?? 1;
  const [down, across] = heat.block;
  const isRow = columns === numbers;
  const [parts, step, unit] = isRow
    ? [heat.columns, across, BLOCK]
    : [heat.rows, down * columns, columns];
  const length = unit * Math.max(Math.floor(most / parts / unit), 1);
  return Array.from({ length: parts }, (_, part) => {
    const begin = unit * Math.floor((part * step) / unit);
    return [begin, Math.min(begin + length, begin + step, numbers)];
  });
}

/** The numbers of `spans`, each piece with its place in the tensor. */
async function* pieces(
  stored: StoredTensor,
  spans: readonly Span[],
  signal: AbortSignal,
): AsyncGenerator<[at: number, numbers: Float32Array]> {
  const bytes = stored.byteLength / size(stored.shape);
  for (const [begin, end] of spans)
    for (let at = begin; at < end; at += PIECE) {
      signal.throwIfAborted();
      const to = Math.min(at + PIECE, end);
      yield [at, toFloat32(await stored.read(at * bytes, to * bytes), stored.dtype)];
    }
}
