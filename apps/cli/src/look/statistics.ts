import type { HostTensor } from "@muladd/tensor";
import { bar } from "../ui/draw.ts";
import { integer } from "../ui/format.ts";
import { columns } from "../ui/table.ts";

/** A tensor in a few numbers; NaN and infinities are counted apart and left out of the rest. */
export interface Statistics {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "f32" | "i32";
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** Of the population. */
  readonly std: number;
  readonly zeros: number;
  /** NaN and infinities. */
  readonly notFinite: number;
  /** Equal steps from min to max. */
  readonly histogram: readonly number[];
  /** In row-major order. */
  readonly first: readonly number[];
}

const BINS = 12;
const FIRST = 12;

export function statistics(name: string, { shape, data }: HostTensor): Statistics {
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
  const histogram = new Array<number>(BINS).fill(0);
  let squares = 0;
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    squares += (x - mean) ** 2;
    const bin = max > min ? Math.floor(((x - min) / (max - min)) * BINS) : 0;
    histogram[Math.min(bin, BINS - 1)]!++;
  }
  return {
    name,
    shape,
    dtype: data instanceof Int32Array ? "i32" : "f32",
    count: data.length,
    min: count > 0 ? min : Number.NaN,
    mean,
    max: count > 0 ? max : Number.NaN,
    std: Math.sqrt(squares / count),
    zeros,
    notFinite: data.length - count,
    histogram,
    first: Array.from(data.subarray(0, FIRST)),
  };
}

const short = (x: number): string => String(Number(x.toPrecision(4)));

/** The statistics for a person. `utf8`: whether block characters may be used. */
export function describeStatistics(s: Statistics, utf8: boolean): string[] {
  const most = Math.max(...s.histogram, 1);
  const step = (s.max - s.min) / s.histogram.length;
  const rows = s.histogram.map((n, i) => [
    short(s.min + i * step),
    bar(n / most, 40, utf8),
    integer(n),
  ]);
  const finite = s.count > s.notFinite;
  return [
    `${s.name}  ${s.shape.join(" × ") || "1"}  ${s.dtype}  ${integer(s.count)} numbers`,
    `min ${short(s.min)} · mean ${short(s.mean)} · max ${short(s.max)} · std ${short(s.std)} · ` +
      `zeros ${integer(s.zeros)}${s.notFinite ? ` · NaN or infinite ${integer(s.notFinite)}` : ""}`,
    ...(finite ? ["", ...columns([["from", "", "numbers"], ...rows], "rlr")] : []),
    "",
    `first ${s.first.map(short).join(" ")}${s.count > s.first.length ? " …" : ""}`,
  ];
}
