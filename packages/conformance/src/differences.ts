import { reference } from "@muladd/backend-reference";
import type { Backend, TypedArray } from "@muladd/tensor";

/**
 * Float64, and everything composed from primitives, so that it shares no code with a fused kernel.
 */
export const oracle = (): Backend => reference({ precision: "f64", fused: false });

/** Runs `body` on an oracle of its own. */
export async function withOracle<T>(body: (device: Backend) => Promise<T>): Promise<T> {
  using device = oracle();
  return await body(device);
}

const H = 1e-5; // in float64 the cut-off error is about h², the rounding error about 1e-16 / h: both near 1e-11
const MAX_COORDINATES = 48;

/** Which elements to differentiate numerically: all of a small array, evenly spread ones of a large, ends included. */
export function coordinates(length: number): number[] {
  if (length <= MAX_COORDINATES) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: MAX_COORDINATES }, (_, i) =>
    Math.floor((i * (length - 1)) / (MAX_COORDINATES - 1)),
  );
}

/** ∂f/∂x at the given elements of x by central differences. `f` reads x, whose elements change while it runs. */
export async function differences(
  f: () => Promise<number>,
  x: TypedArray,
  at: readonly number[],
): Promise<Float64Array> {
  const slopes = new Float64Array(at.length);
  for (const [i, j] of at.entries()) {
    const value = x[j]!;
    x[j] = value + H;
    const up = await f();
    x[j] = value - H;
    const down = await f();
    x[j] = value;
    slopes[i] = (up - down) / (2 * H);
  }
  return slopes;
}
