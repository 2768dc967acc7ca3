import type { Dense, DType, Kernels, ReduceName } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { special } from "../wgsl/math.ts";
import { teamFor } from "../wgsl/team.ts";

const LANES = 64;
/** Numbers that one lane adds up before partial sums are made: more lose bits, and leave lanes idle. */
const LONGEST = 512;

interface Fold {
  readonly initial: string;
  readonly join: string;
}

const fold = (op: ReduceName, type: DType): Fold =>
  op === "sum"
    ? { initial: `${type}(0)`, join: "a + b" }
    : type === "f32"
      ? { initial: "-infinity()", join: "maxOrNan(a, b)" }
      : { initial: "i32(-2147483648)", join: "max(a, b)" };

/** Sums and maxima: rows by teams, columns by lanes, and what is long in two passes. */
export const reduction = (context: Context): Pick<Kernels, "reduce"> => {
  const reduce = (
    op: ReduceName,
    out: Dense,
    x: Dense,
    [outer, n, inner]: readonly [number, number, number],
  ): void => {
    const longest = context.serial || inner > 1 ? LONGEST : LONGEST * LANES;
    const parts = Math.ceil(n / longest);
    // i32 partial results would need memory of their own type.
    if (parts <= 1 || x.dtype === "i32") {
      pass(op, out, x, [outer, n, inner], 1);
      return;
    }
    context.scratch(outer * parts * inner, (partial) => {
      pass(op, partial, x, [outer, n, inner], parts);
      reduce(op, out, partial, [outer, parts, inner]);
    });
  };

  const pass = (
    op: ReduceName,
    out: Dense,
    x: Dense,
    [outer, n, inner]: readonly [number, number, number],
    parts: number,
  ): void => {
    const type = x.dtype;
    const { initial, join } = fold(op, type);
    const results = outer * parts * inner;
    const work = { bytes: 4 * (outer * n * inner + results), flops: outer * n * inner };
    const numbers = [results, n, inner, parts, Math.ceil(n / parts)];
    const shared = /* wgsl */ `${special}
fn join(a: ${type}, b: ${type}) -> ${type} { return ${join}; }
`;
    const params = { results: "u32", n: "u32", inner: "u32", parts: "u32", part: "u32" } as const;
    const operands = { reads: { x: type }, writes: { out: type }, params };
    if (inner > 1 || context.serial || type === "i32") {
      const program = context.program(`reduce ${op} ${type} by lanes`, () => ({
        ...operands,
        lanes: LANES,
        code: /* wgsl */ `${shared}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane; // (outer, parts, inner)
  if (i >= p.results) { return; }
  let first = i / p.inner % p.parts * p.part;
  let start = i / p.inner / p.parts * p.n * p.inner + i % p.inner;
  var total = ${initial};
  for (var r = first; r < min(first + p.part, p.n); r++) { total = join(total, x[start + r * p.inner]); }
  out[i] = total;
}`,
      }));
      context.run(program, [x], [out], numbers, Math.ceil(results / LANES), work);
      return;
    }
    const team = teamFor(context, numbers[4]!);
    const program = context.program(`reduce ${op} rows ${team.key}`, () => ({
      ...operands,
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${shared}${team.code}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM; // (outer, parts)
  let first = row % p.parts * p.part;
  let start = row / p.parts * p.n;
  var total = ${initial};
  if (row < p.results) {
    for (var i = first + lane % TEAM; i < min(first + p.part, p.n); i += TEAM) { total = join(total, x[start + i]); }
  }
  total = ${op === "sum" ? "teamSum" : "teamMax"}(total, lane);
  if (row < p.results && lane % TEAM == 0u) { out[row] = total; }
}`,
    }));
    context.run(program, [x], [out], numbers, Math.ceil(results / team.rows), work);
  };

  return { reduce };
};
