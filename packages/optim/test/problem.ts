import { reference } from "@muladd/backend-reference";
import { type Backend, Parameter, Tensor } from "@muladd/tensor";
import { expect } from "vitest";

/** Backends in double precision, so that only a wrong formula can differ: the fused kernel, and the composition. */
export const oracles: readonly [name: string, create: () => Backend][] = [
  ["fused", () => reference({ precision: "f64" })],
  ["composed", () => reference({ precision: "f64", fused: false })],
];
/** A few hundred roundings of doubles near 1. */
export const DOUBLE = 1e-12;

/** A matrix and a vector to optimize, beside the same numbers on the host. */
export interface Pair {
  readonly matrix: Parameter;
  readonly vector: Parameter;
}
export const MATRIX = [0.5, -1.5, 2, 0.25, -0.75, 1] as const;
export const VECTOR = [1, -2, 0.5] as const;

export const pair = (backend: Backend): Pair => ({
  matrix: Parameter.of(backend, MATRIX, [2, 3]),
  vector: Parameter.of(backend, VECTOR, [3]),
});

/** A gradient for step t: anything that moves. */
export const slope = (t: number, i: number): number => Math.sin(3 * t + 2 * i + 1) * (1 + i / 4);

/** Gradients of step t for both. The vector's are those after the matrix's. */
export function gradients({ matrix, vector }: Pair, t: number): Map<Tensor, Tensor> {
  const on = (p: Parameter, first: number) =>
    Tensor.from(
      p.backend,
      Array.from({ length: first === 0 ? 6 : 3 }, (_, i) => slope(t, first + i)),
      p.shape,
      "f32",
    );
  return new Map<Tensor, Tensor>([
    [matrix, on(matrix, 0)],
    [vector, on(vector, 6)],
  ]);
}

/** Both parameters' values, matrix first. */
export const valuesOf = async ({ matrix, vector }: Pair): Promise<number[]> => [
  ...(await matrix.data()),
  ...(await vector.data()),
];

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tol: number) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!), `element ${i}`).toBeLessThanOrEqual(tol);
}
