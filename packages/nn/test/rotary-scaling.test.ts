import { describe, expect, test } from "vitest";
import { rotaryFrequencies, scaledFrequencies } from "../src/index.ts";
import { expectClose } from "./close.ts";

// From transformers 5.18.
describe("llama3", () => {
  const llama3 = { kind: "llama3", low: 1, high: 4, original: 8192 } as const;
  test.each([
    [
      64,
      32,
      { 1: 0.6636013, 14: 3.2114461e-3, 15: 1.290548e-3, 16: 4.2955671e-4, 17: 9.7082862e-5 },
    ],
    [64, 32, { 18: 1.9461639e-5, 31: 9.4183065e-8 }],
    [128, 8, { 1: 0.8146172, 20: 1.6560441e-2, 28: 3.2114461e-3, 29: 2.1665706e-3 }],
    [128, 8, { 30: 1.3718937e-3, 31: 8.5675145e-4, 63: 3.0689259e-7 }],
  ])("heads of %i columns, factor %i: %j", (width, factor, golden) => {
    const frequencies = scaledFrequencies(width, 5e5, { ...llama3, factor });
    for (const [k, f] of Object.entries(golden)) {
      const relative = frequencies[Number(k)]! / f;
      expect(relative).toBeGreaterThan(1 - 4e-7); // the goldens were computed in float32
      expect(relative).toBeLessThan(1 + 4e-7);
    }
  });
});

test("without scaling they are plain", () => {
  const frequencies = scaledFrequencies(64, 1e5, undefined);
  expectClose([frequencies[1]!, frequencies[31]!], [0.6978306, 1.4330127e-5], 1e-7);
});

test("linear is slower by the factor", () => {
  expectClose(scaledFrequencies(4, 1e4, { kind: "linear", factor: 4 }), [0.25, 0.0025], 1e-15);
});

describe("dynamic", () => {
  const dynamic = { kind: "dynamic", factor: 2, original: 100 } as const;

  test("is plain up to the original length", () => {
    for (const length of [1, 100])
      expect(scaledFrequencies(8, 1e4, dynamic, length)).toEqual(rotaryFrequencies(8));
  });

  test("grows the base beyond it, by the length", () => {
    // transformers: base · (factor · length / original − (factor − 1)) ^ (D / (D − 2))
    const base = 1e4 * (2 * 2.5 - 1) ** (8 / 6);
    expectClose(scaledFrequencies(8, 1e4, dynamic, 250), rotaryFrequencies(8, base), 1e-15);
  });
});
