import { reference } from "@muladd/backend-reference";
import { mul, rotary, ShapeError, sumAll, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import {
  init,
  namedParameters,
  RotaryPositions,
  rotaryFrequencies,
  rotaryTable,
} from "../src/index.ts";
import { expectClose } from "./close.ts";

const backend = reference();
const none = init(backend, 1);
const numbers = (n: number, seed = 0) =>
  Array.from({ length: n }, (_, i) => Math.sin(i * 1.7 + seed));

/** What the paper writes: each pair (x, y) as x + iy, times e^(i · position · frequency). */
function turned(x: readonly number[], position: number, frequencies: ArrayLike<number>): number[] {
  const half = x.length / 2;
  const y = [...x];
  for (let i = 0; i < half; i++) {
    const angle = position * frequencies[i]!;
    y[i] = x[i]! * Math.cos(angle) - x[i + half]! * Math.sin(angle);
    y[i + half] = x[i]! * Math.sin(angle) + x[i + half]! * Math.cos(angle);
  }
  return y;
}

describe("rotaryFrequencies", () => {
  test("fall from 1 to 1/base, geometrically", () => {
    expectClose(rotaryFrequencies(8), [1, 0.1, 0.01, 0.001], 1e-15);
    expectClose(rotaryFrequencies(4, 500_000), [1, 500_000 ** -0.5], 1e-15);
  });

  test("need an even width", () => {
    expect(() => rotaryFrequencies(7)).toThrow(
      new RangeError("rotaryFrequencies: the width 7 must be even"),
    );
  });
});

test("rotaryTable is exact for far positions, where float32 angles are off by a hundredth", () => {
  const context = 100_001;
  const table = rotaryTable(context, [1, 0.1]);
  const last = table.slice(4 * (context - 1));
  // Of 100,000 and 10,000 radians, by mpmath with 50 digits.
  expectClose(
    last,
    [-0.9993608074382122, -0.9521553682590149, 0.0357487979720165, -0.3056143888882521],
    6e-8,
  );
});

describe("RotaryPositions", () => {
  test("turns each head of each row by its position, and leaves what lies behind the heads", async () => {
    const [T, D, W] = [3, 4, 10];
    const positions = new RotaryPositions(8, D, none);
    const x = numbers(2 * T * W);
    using y = positions.forward(Tensor.from(backend, x, [2, T, W]), { heads: 2, start: 4 });
    const frequencies = rotaryFrequencies(D);
    const expected = Array.from({ length: 2 * T }, (_, r) => {
      const row = x.slice(r * W, (r + 1) * W);
      const head = (h: number) => turned(row.slice(h * D, (h + 1) * D), 4 + (r % T), frequencies);
      return [...head(0), ...head(1), ...row.slice(2 * D)];
    }).flat();
    expect(y.shape).toEqual([2, T, W]);
    expectClose(await y.data(), expected, 1e-6);
  });

  test("makes products of queries and keys depend on their distance alone", async () => {
    const D = 8;
    const positions = new RotaryPositions(40, D, none);
    const [q, k] = [numbers(D), numbers(D, 2)].map((x) => Tensor.from(backend, x, [1, 1, D]));
    const product = (at: number, from: number) =>
      tidy(() => {
        const turn = (x: Tensor, start: number) => positions.forward(x, { heads: 1, start });
        return sumAll(mul(turn(q!, at), turn(k!, from)));
      }).item();
    const near = await product(5, 2);
    expect(await product(35, 32)).toBeCloseTo(near, 5);
    expect(Math.abs((await product(35, 30)) - near)).toBeGreaterThan(0.01);
  });

  test("is undone by the opposite turn", async () => {
    const positions = new RotaryPositions(9, 4, none);
    const dims = { heads: 2, start: 6 };
    using y = positions.forward(Tensor.from(backend, numbers(24), [1, 3, 8]), dims);
    using back = rotary(y, positions.table, { ...dims, inverse: true });
    expectClose(await back.data(), numbers(24), 1e-6);
  });

  test("takes other frequencies, such as those of a longer context", async () => {
    const scaling = { kind: "linear", factor: 4 } as const;
    const positions = new RotaryPositions(9, 4, none, { scaling });
    using y = positions.forward(Tensor.from(backend, numbers(4), [1, 1, 4]), {
      heads: 1,
      start: 8,
    });
    expectClose(await y.data(), turned(numbers(4), 2, rotaryFrequencies(4)), 1e-6);
  });

  test("makes longer tables as they are asked for, and keeps them", async () => {
    const positions = new RotaryPositions(600, 4, none);
    const turn = async (start: number) => {
      using y = positions.forward(Tensor.from(backend, numbers(4), [1, 1, 4]), { heads: 1, start });
      expectClose(await y.data(), turned(numbers(4), start, rotaryFrequencies(4)), 1e-6);
      return positions.table.shape[0];
    };
    expect(await turn(3)).toBe(256);
    expect(await turn(256)).toBe(512);
    expect(await turn(599)).toBe(600);
    expect(await turn(0)).toBe(600);
  });

  test("scaled dynamically, turns by the length that a sequence has reached", async () => {
    const scaling = { kind: "dynamic", factor: 2, original: 6 } as const;
    const positions = new RotaryPositions(20, 4, none, { base: 100, scaling });
    for (const [start, T] of [
      [0, 6],
      [0, 9],
      [8, 1],
      [0, 20],
      [2, 1],
    ] as const) {
      using y = positions.forward(Tensor.from(backend, numbers(4 * T), [1, T, 4]), {
        heads: 1,
        start,
      });
      // As transformers computes it: base · (factor · length / original − (factor − 1)) ^ (D / (D − 2)).
      const base = 100 * ((2 * Math.max(start + T, 6)) / 6 - 1) ** (4 / 2);
      const rows = Array.from({ length: T }, (_, t) =>
        turned(numbers(4 * T).slice(4 * t, 4 * t + 4), start + t, [1, base ** -0.5]),
      );
      expectClose(await y.data(), rows.flat(), 1e-6);
    }
  });

  test("has none beyond the context, no parameters, and outlives scopes", async () => {
    const positions = tidy(() => new RotaryPositions(6, 4, none));
    const x = Tensor.from(backend, numbers(12), [1, 3, 4]);
    expect(() => positions.forward(x, { heads: 1, start: 4 })).toThrow(ShapeError);
    expect([...namedParameters(positions)]).toEqual([]);
    expect(positions.forward(x, { heads: 1, start: 3 }).shape).toEqual([1, 3, 4]);
  });
});
