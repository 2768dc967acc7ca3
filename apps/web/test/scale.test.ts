import { expect, test } from "vitest";
import { inputsOf, placeOnLog, scaled } from "../src/screens/scale/scale.ts";

test("GPT-3 comes out as published: 355 years on a V100, and 4.6 million dollars", () => {
  const { parameters, flop, device } = scaled(inputsOf("gpt3"));
  expect(parameters.total).toBe(174_604_259_328);
  expect(flop.training).toBeCloseTo(6 * 174_604_259_328 * 300e9, -15);
  // Published with 3.14e23 FLOP, cut off: https://lambdalabs.com/blog/demystifying-gpt-3
  expect(3.14e23 / 28e12 / (365 * 86400)).toBeCloseTo(355.6, 1);
  expect(Math.floor((device.years / flop.training) * 3.14e23)).toBe(355);
  expect(Math.floor(((device.cost / flop.training) * 3.14e23) / 1e5) / 10).toBe(4.6);
});

test("utilisation stretches time and cost alike", () => {
  const [whole, half] = [1, 0.5].map((utilisation) => scaled({ ...inputsOf("gpt2"), utilisation }));
  expect(half!.device.seconds).toBeCloseTo(2 * whole!.device.seconds, 3);
  expect(half!.device.cost).toBeCloseTo(2 * whole!.device.cost, 6);
  expect(() => scaled({ ...inputsOf("gpt2"), utilisation: 0 })).toThrow("utilisation");
  expect(() => scaled({ ...inputsOf("gpt2"), flops: Number.NaN })).toThrow("flops");
});

test("places on a logarithmic scale", () => {
  expect(placeOnLog(1000, 10, 100_000)).toBeCloseTo(0.5, 12);
  expect(placeOnLog(1, 10, 1000)).toBe(0);
});
