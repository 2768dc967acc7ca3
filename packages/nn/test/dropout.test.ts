import { reference } from "@muladd/backend-reference";
import { full, Rng, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { dropout } from "../src/index.ts";
import { mean } from "./close.ts";

const backend = reference();
const ones = (n: number) => full(backend, [n], 1);

describe("dropout", () => {
  test("without random numbers, or at rate 0, gives back the very tensor", () => {
    const x = ones(4);
    expect(dropout(x, 0.5, undefined)).toBe(x);
    const rng = new Rng(1);
    expect(dropout(x, 0, rng)).toBe(x);
    expect(rng.state.counter).toBe(0);
  });

  test.each([0.1, 0.5, 0.9])("drops a share of %f and keeps the mean", async (rate) => {
    const n = 40_000;
    const y = await dropout(ones(n), rate, new Rng(11)).data();
    const dropped = y.filter((v) => v === 0).length / n;
    const spread = Math.sqrt((rate * (1 - rate)) / n); // of the share of n draws
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * spread);
    expect(Math.abs(mean(y) - 1)).toBeLessThan((4 * spread) / (1 - rate));
    const kept = Math.fround(1 / (1 - rate));
    expect(new Set(y)).toEqual(new Set([0, kept]));
  });

  test("is the same for the same random numbers, and differs from call to call", async () => {
    const draw = (rng: Rng) => dropout(ones(64), 0.5, rng).data();
    const rng = new Rng(5);
    const [a, b] = [[...(await draw(rng))], [...(await draw(rng))]];
    expect(a).not.toEqual(b);
    const again = new Rng(5);
    expect([[...(await draw(again))], [...(await draw(again))]]).toEqual([a, b]);
  });

  test("scales what it keeps", async () => {
    const x = [1, -2, 3, -4, 5, -6, 7, -8];
    const y = [...(await dropout(Tensor.from(backend, x), 0.75, new Rng(2)).data())];
    for (const [i, v] of y.entries()) expect([0, 4 * x[i]!]).toContain(v + 0);
    expect(y.some((v) => v !== 0)).toBe(true);
  });

  test.each([1, 1.5, -0.1, Number.NaN])("refuses a rate of %f", (rate) => {
    expect(() => dropout(ones(1), rate, new Rng(1))).toThrow(`rate ${rate} must lie in 0 … 1`);
  });

  test("keeps nothing but its result", () => {
    using own = reference();
    const x = full(own, [8], 1);
    dropout(x, 0.5, new Rng(1));
    expect(own.memory.buffers).toBe(2);
  });
});
