import type { TypedArray, UnaryName } from "@muladd/tensor";
import { expect, it } from "vitest";
import { onShared } from "./harness.ts";

/** `count` numbers from `low` to `high`, both included. */
const between = (low: number, high: number, count = 4001): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(low + ((high - low) * i) / (count - 1)));

async function compute(op: UnaryName, points: readonly number[]): Promise<TypedArray> {
  using backend = await onShared();
  const shape = [points.length];
  const [x, y] = [1, 2].map(() => ({
    buffer: backend.alloc(points.length, "f32"),
    shape,
    dtype: "f32" as const,
  }));
  backend.write(x!.buffer, points);
  backend.kernels.unary(op, y!, x!, 0);
  return backend.read(y!.buffer);
}

type Range = readonly [low: number, high: number];

/** Of one ulp, 2⁻²³ of the result: what an exponential, a logarithm or a root should not exceed by much. */
const relative: readonly [UnaryName, (x: number) => number, Range, number][] = [
  // WGSL allows 3 + 2|x| ulp of exp, which SwiftShader uses up: 61 at 80. expOf stays below 4 everywhere.
  ["exp", Math.exp, [-87, 88], 4],
  ["rsqrt", (x) => 1 / Math.sqrt(x), [1e-6, 1e6], 4],
];
it.each(relative)("%s is good to a few ulp on all of its range", async (op, right, range, ulp) => {
  const points = between(...range);
  const found = await compute(op, points);
  const worst = Math.max(...points.map((x, i) => Math.abs(found[i]! / right(x) - 1)));
  expect(worst).toBeLessThan(ulp * 2 ** -23);
});

const absolute: readonly [UnaryName, (x: number) => number, Range, number][] = [
  // Of sin and cos WGSL promises 2⁻¹¹ between −π and π, and nothing outside.
  ["sin", Math.sin, [-4, 4], 3e-7],
  ["sin", Math.sin, [-1e4, 1e4], 3e-7],
  ["cos", Math.cos, [-4, 4], 3e-7],
  ["cos", Math.cos, [-1e4, 1e4], 3e-7],
  ["tanh", Math.tanh, [-20, 20], 5e-7],
  ["log", Math.log, [1e-3, 4], 1e-6],
];
it.each(absolute)("%s is good to an absolute bound", async (op, right, range, bound) => {
  const points = between(...range);
  const found = await compute(op, points);
  const worst = Math.max(...points.map((x, i) => Math.abs(found[i]! - right(x))));
  expect(worst).toBeLessThan(bound);
});

it("erf is good to Abramowitz and Stegun's 1.5e-7 and a few roundings of numbers near 1", async () => {
  // By its Taylor series, which converges everywhere: erf(x) = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n!(2n+1)).
  const erf = (x: number) => {
    let [term, sum] = [x, x];
    for (let n = 1; n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  };
  const points = between(-3.5, 3.5);
  const found = await compute("erf", points);
  const worst = Math.max(...points.map((x, i) => Math.abs(found[i]! - erf(x))));
  expect(worst).toBeLessThan(6e-7);
  expect([...(await compute("erf", [-50, 50]))]).toEqual([-1, 1]);
});

it.each<[UnaryName, readonly number[], readonly number[]]>([
  [
    "exp",
    [Infinity, -Infinity, 1000, -1000, Number.NaN, 0],
    [Infinity, 0, Infinity, 0, Number.NaN, 1],
  ],
  ["log", [0, -1, Infinity, Number.NaN, 1], [-Infinity, Number.NaN, Infinity, Number.NaN, 0]],
  ["tanh", [Infinity, -Infinity, 100, -100, Number.NaN], [1, -1, 1, -1, Number.NaN]],
  ["sin", [Infinity, Number.NaN, 0], [Number.NaN, Number.NaN, 0]],
  ["erf", [Infinity, -Infinity, Number.NaN, 0], [1, -1, Number.NaN, 0]],
])("%s at the ends of its range", async (op, points, expected) => {
  const found = await compute(op, points);
  for (const [i, value] of expected.entries())
    if (Number.isNaN(value)) expect(found[i], `${op}(${points[i]})`).toBeNaN();
    else if (op === "exp" && value === 0)
      expect(found[i]!).toBeLessThan(1.2e-38); // flushed, or not
    else expect(found[i]!, `${op}(${points[i]})`).toBeCloseTo(value, 6);
});
