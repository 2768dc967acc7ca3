import { expect } from "vitest";

/** Expects equal lengths, and every element within `tolerance`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!), `element ${i}`).toBeLessThanOrEqual(tolerance);
}

export const mean = (x: ArrayLike<number>): number =>
  Array.from(x).reduce((a, b) => a + b, 0) / x.length;

/** Root of the mean squared distance from the mean. */
export function deviation(x: ArrayLike<number>): number {
  const mu = mean(x);
  return Math.sqrt(mean(Array.from(x, (v) => (v - mu) ** 2)));
}
