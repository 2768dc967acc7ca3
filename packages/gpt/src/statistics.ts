import type { HostTensor } from "@muladd/tensor";

/** Numbers in a few numbers; NaN and infinities are counted apart and left out of the rest. */
export interface Statistics {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** Of the population. */
  readonly std: number;
  readonly zeros: number;
  /** NaN and infinities. */
  readonly notFinite: number;
  /** How many numbers lie in equal steps from min to max. */
  readonly histogram: readonly number[];
}

/** Statistics of a tensor's numbers. Without finite ones, min, mean, max and std are NaN. */
export function statistics({ data }: Pick<HostTensor, "data">, bins = 12): Statistics {
  let [min, max, sum, zeros, count] = [Infinity, -Infinity, 0, 0, 0];
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    count++;
    min = Math.min(min, x);
    max = Math.max(max, x);
    sum += x;
    if (x === 0) zeros++;
  }
  const mean = count > 0 ? sum / count : Number.NaN;
  const histogram = new Array<number>(bins).fill(0);
  let squares = 0;
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    squares += (x - mean) ** 2;
    const bin = max > min ? Math.floor(((x - min) / (max - min)) * bins) : 0;
    histogram[Math.min(bin, bins - 1)]!++;
  }
  return {
    count: data.length,
    min: count > 0 ? min : Number.NaN,
    mean,
    max: count > 0 ? max : Number.NaN,
    std: Math.sqrt(squares / count),
    zeros,
    notFinite: data.length - count,
    histogram,
  };
}
