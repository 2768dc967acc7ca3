import type { Statistics } from "@muladd/gpt";
import type { HostTensor } from "@muladd/tensor";
import { bar } from "../ui/draw.ts";
import { integer } from "../ui/format.ts";
import { columns } from "../ui/table.ts";

/** A named tensor in a few numbers. */
export interface TensorStatistics extends Statistics {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** In row-major order. */
  readonly first: readonly number[];
}

const FIRST = 12;

export async function tensorStatistics(
  name: string,
  { shape, data }: HostTensor,
  dtype: string,
): Promise<TensorStatistics> {
  const { statistics } = await import("@muladd/gpt");
  return {
    name,
    shape,
    dtype,
    ...statistics({ data }),
    first: Array.from(data.subarray(0, FIRST)),
  };
}

const short = (x: number): string => String(Number(x.toPrecision(4)));

/** The statistics for a person. `utf8`: whether block characters may be used. */
export function describeStatistics(s: TensorStatistics, utf8: boolean): string[] {
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
