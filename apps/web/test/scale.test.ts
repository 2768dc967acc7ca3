import { describe, expect, test } from "vitest";
import { costOf, inputsOf, logBar, publishedInputs } from "../src/screens/scale/scale.ts";

const HOURS_A_YEAR = 365 * 24;

describe("the calculator", () => {
  test("GPT-3: 3.14e23 FLOP, 355 V100-years and $4.6 million, as published", () => {
    const { parameters, flop, device, bytes } = costOf(publishedInputs("gpt3"), "GPT-3");
    expect(parameters.total).toBe(174_604_259_328);
    expect(flop.training).toBeCloseTo(3.14e23, -21);
    expect(Math.floor(device.years)).toBe(355);
    // The published dollars are those of 355 whole years, cut to two digits.
    const dollars = Math.floor(device.years) * HOURS_A_YEAR * device.price;
    expect(Math.floor(dollars / 1e5) / 10).toBe(4.6);
    expect(bytes.float32).toBe(698_417_037_312);
  });

  test("GPT-2 has 124,439,808 parameters and 295 billion tokens", () => {
    const { parameters, training } = costOf(publishedInputs("gpt2"), "GPT-2");
    expect(parameters.total).toBe(124_439_808);
    expect(training.tokens).toBe(600_000 * 491_520);
  });

  test("half the use takes twice the time and money", () => {
    const full = publishedInputs("gpt2");
    const [a, b] = [costOf(full, ""), costOf({ ...full, utilisation: 50 }, "")];
    expect(b.device.seconds / a.device.seconds).toBeCloseTo(2, 12);
    expect(b.device.cost / a.device.cost).toBeCloseTo(2, 12);
  });

  test("249,000 years at 40 GFLOP/s", () => {
    expect(costOf(publishedInputs("gpt3"), "", 40e9).here!.years / 1000).toBeCloseTo(249, 0);
  });

  test("the inputs of a model give that model", () => {
    const inputs = publishedInputs("gpt2");
    const { config } = costOf(inputs, "");
    expect(inputsOf(config, inputs.tokens)).toEqual(inputs);
  });

  test.each([
    [{ heads: 5 }, /heads/],
    [{ width: Number.NaN }, /width/],
    [{ utilisation: 0 }, /utilisation/],
    [{ utilisation: 101 }, /utilisation/],
    [{ teraflops: 0 }, /flops/],
    [{ price: -1 }, /price/],
    [{ tokens: Number.NaN }, /tokens/],
  ])("%o is refused by name", (wrong, message) => {
    expect(() => costOf({ ...publishedInputs("gpt2"), ...wrong }, "")).toThrow(message);
  });
});

test("a log bar runs over whole powers of ten, equal ratios equally long", () => {
  const { marks, powers } = logBar([
    { name: "a", value: 2e4 },
    { name: "b", value: 2e6 },
    { name: "c", value: 2e8 },
  ]);
  expect([powers[0]!.power, powers.at(-1)!.power]).toEqual([4, 9]);
  const [a, b, c] = marks.map(({ at }) => at) as [number, number, number];
  expect(b - a).toBeCloseTo(c - b, 12);
  expect(a).toBeGreaterThan(0);
  expect(c).toBeLessThan(1);
});
