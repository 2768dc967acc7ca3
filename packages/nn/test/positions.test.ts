import { reference } from "@muladd/backend-reference";
import { ShapeError, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { init, LearnedPositions, SinusoidalPositions, sinusoids } from "../src/index.ts";
import { deviation, expectClose } from "./close.ts";

const backend = reference();

describe("sinusoids", () => {
  test("alternate sin(t / 10000^(2i/C)) and its cosine", () => {
    const [context, width] = [50, 6];
    const table = sinusoids(context, width);
    const expected: number[] = [];
    for (let t = 0; t < context; t++)
      for (let i = 0; i < width / 2; i++) {
        const angle = t / 10000 ** ((2 * i) / width);
        expected.push(Math.sin(angle), Math.cos(angle));
      }
    expectClose(table, expected, 6e-8); // half of float32's last place
  });

  test("begin with 0 and 1, and move slowest in the last columns", () => {
    const table = sinusoids(2, 128);
    expect([...table.slice(0, 4)]).toEqual([0, 1, 0, 1]);
    expect(table[128]).toBe(Math.fround(Math.sin(1)));
    expect(table[128 + 126]!).toBeCloseTo(1 / 10000 ** (126 / 128), 9);
  });
});

describe.each([
  ["LearnedPositions", LearnedPositions],
  ["SinusoidalPositions", SinusoidalPositions],
])("%s", (_, Positions) => {
  test("gives the vectors of the positions asked for", async () => {
    const positions = new Positions(6, 4, init(backend, 1));
    const all = await positions.forward(0, 6).data();
    const some = positions.forward(2, 3);
    expect(some.shape).toEqual([3, 4]);
    expect([...(await some.data())]).toEqual([...all.slice(8, 20)]);
  });

  test("has none beyond the context", () => {
    const positions = new Positions(6, 4, init(backend, 1));
    expect(() => positions.forward(4, 3)).toThrow(ShapeError);
  });
});

test("learned positions begin as N(0, 0.02²)", async () => {
  const { weight } = new LearnedPositions(100, 100, init(backend, 1));
  expect(Math.abs(deviation(await weight.data()) - 0.02)).toBeLessThan(0.08 / Math.sqrt(20_000));
});

test("sinusoidal positions are the table, and outlive scopes", async () => {
  const { table } = tidy(() => new SinusoidalPositions(5, 4, init(backend, 1)));
  expect([...(await table.data())]).toEqual([...sinusoids(5, 4)]);
  const half = new SinusoidalPositions(5, 4, init(backend, 1), 0.5);
  expect([...(await half.table.data())]).toEqual([...sinusoids(5, 4).map((x) => x / 2)]);
});
