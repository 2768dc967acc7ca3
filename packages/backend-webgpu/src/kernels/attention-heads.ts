import type { AttentionDims, View } from "@muladd/tensor";
import type { ParamType } from "../program.ts";
import { special } from "../wgsl/math.ts";
import { elementOf, quadsOf } from "../wgsl/quads.ts";

/**
 * How attention's operands lie in memory. The query heads that share a key head are taken together: `rows` = T · H/K
 * queries, row i at time ⌊i / group⌋, so that keys and values are read once for all of them, and rows that follow each other
 * see almost the same keys.
 */
export interface Heads {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly D: number;
  /** Queries of a key head. */
  readonly rows: number;
  /** Every row of every operand starts at a multiple of four. */
  readonly wide: boolean;
  /** Pairs of a query and a key that it sees, over all heads. */
  readonly pairs: number;
  /** Of q, and of k. */
  readonly queryBytes: number;
  readonly keyBytes: number;
  /** Of the buffers. */
  readonly element: string;
  /** Values of {@link headParams}. */
  readonly numbers: readonly number[];
}

/** For the names of programs. */
export const keyOf = ({ wide }: Heads): string => (wide ? "" : " by numbers");

/** `views` are all that a kernel reads or writes as views; the first three q, k and v. */
export function headsOf(
  views: readonly [q: View, k: View, v: View, ...View[]],
  { scale, causal, window = Infinity }: AttentionDims,
): Heads {
  const [q, k, v] = views;
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [, S, K] = k.shape as [number, number, number];
  const wide =
    D % 4 === 0 &&
    views.every((x) => [x.offset, ...x.strides.slice(0, 3)].every((n) => n % 4 === 0));
  const group = H / K;
  const first = causal ? S - T + 1 : S;
  // Queries that see less than the last: each one less than the next.
  const most = Math.min(S, window);
  const short = causal ? Math.max(0, Math.min(T - 1, most - first)) : 0;
  const seen = T * most - (short * (short + 1)) / 2;
  const places = [q, k, v].flatMap((x) => placeOf(x, wide));
  return {
    B,
    T,
    S,
    H,
    K,
    D,
    rows: T * group,
    wide,
    pairs: B * H * seen,
    queryBytes: 4 * B * T * H * D,
    keyBytes: 4 * B * S * K * D,
    element: elementOf(wide),
    numbers: [
      ...[D, quadsOf(D), wide ? D / 4 : D],
      ...[T * group, T, S, H, K, group, first, causal ? 1 : 0, Math.min(window, S + T), scale],
      ...places,
    ],
  };
}

/** Offset and strides of a view, in elements of the buffer as it is bound. */
export const placeOf = ({ offset, strides }: View, wide: boolean): number[] =>
  [offset, ...strides.slice(0, 3)].map((n) => n / (wide ? 4 : 1));

/** Parameters of {@link placeOf}. */
export const placeParams = (name: string): Readonly<Record<string, ParamType>> => ({
  [`${name}0`]: "u32",
  [`${name}B`]: "u32",
  [`${name}T`]: "u32",
  [`${name}H`]: "u32",
});

export const headParams: Readonly<Record<string, ParamType>> = {
  columns: "u32",
  quads: "u32",
  /** Elements of a row. */
  width: "u32",
  rows: "u32",
  queries: "u32",
  keys: "u32",
  heads: "u32",
  keyHeads: "u32",
  group: "u32",
  first: "u32",
  step: "u32",
  /** Keys that a query sees at most; S + T where there is no window. */
  window: "u32",
  scale: "f32",
  ...placeParams("q"),
  ...placeParams("k"),
  ...placeParams("v"),
};

/** `nameAt(b, keyHead, row)`: where a query's row of a view starts. */
export const queryPlace = (name: string): string => /* wgsl */ `
fn ${name}At(b: u32, keyHead: u32, row: u32) -> u32 {
  return p.${name}0 + b * p.${name}B + row / p.group * p.${name}T + headOf(keyHead, row) * p.${name}H;
}`;

/** `nameAt(b, keyHead, key)`: where a key's row of a view starts. */
export const keyPlace = (name: string): string => /* wgsl */ `
fn ${name}At(b: u32, keyHead: u32, key: u32) -> u32 {
  return p.${name}0 + b * p.${name}B + key * p.${name}T + keyHead * p.${name}H;
}`;

/**
 * What every attention kernel begins with. LOWEST stands for −∞ in a running maximum: a difference of two of them is 0, not
 * NaN. `weight(x)` is eˣ for x ≤ 0 or little more, 0 for −∞, NaN for NaN.
 */
export const headCode = /* wgsl */ `${special}
const LOWEST = -3.4028234e38;
fn weight(x: f32) -> f32 { return select(exp(max(x, -150.0)), x, isNan(x)); }
fn headOf(keyHead: u32, row: u32) -> u32 { return keyHead * p.group + row % p.group; }
/** Keys up to the last that a query sees, and up to the first. */
fn seenBy(row: u32) -> u32 { return p.first + row / p.group * p.step; }
fn hiddenFrom(row: u32) -> u32 { return seenBy(row) - min(seenBy(row), p.window); }
/** Of a query's row of (B, T, H·D). */
fn outAt(b: u32, keyHead: u32, row: u32) -> u32 {
  return ((b * p.queries + row / p.group) * p.heads + headOf(keyHead, row)) * p.width;
}
/** Of a query in (B, H, T). */
fn queryAt(b: u32, keyHead: u32, row: u32) -> u32 {
  return (b * p.heads + headOf(keyHead, row)) * p.queries + row / p.group;
}
${queryPlace("q")}${keyPlace("k")}${keyPlace("v")}
`;

/** From the maximum and the sum of a row: the factor on its values, and log Σ exp. No keys: 0 and −∞. Only −∞: NaN. */
export const finish = /* wgsl */ `
fn inverseOf(total: f32) -> f32 {
  if (p.keys == 0u) { return 0.0; }
  if (total > 0.0) { return 1.0 / total; }
  return nan();
}
fn logOf(peak: f32, total: f32) -> f32 {
  if (p.keys == 0u) { return -infinity(); }
  if (isNan(total) || !(total > 0.0)) { return nan(); }
  return peak + log(total);
}
`;

/** Text for each number below n. */
export const each = (n: number, text: (i: number) => string, between = "\n"): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(between);
