import { describe, expect, test } from "vitest";
import { ConfigError, type SamplingOptions, sampler } from "../src/index.ts";

const LOGITS = [3, 2, 2, 1, 0];
const softmax = (logits: readonly number[], temperature = 1) => {
  const weights = logits.map((x) => Math.exp(x / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};
/** The ids that stay, and their probabilities. */
const kept = (options: SamplingOptions, logits: readonly number[] = LOGITS) =>
  sampler(options, logits.length)(logits).candidates;
const ids = (options: SamplingOptions, logits?: readonly number[]) =>
  kept(options, logits).map((c) => c.id);

describe("filters", () => {
  // As Hugging Face transformers counts them.
  test.each([
    [0.5, 1],
    [0.6, 2],
    [0.85, 3],
    [0.95, 4],
    [1, 5],
    [1e-9, 1],
  ])("top-p %f keeps the %d likeliest", (topP, count) => {
    expect(ids({ topP })).toEqual([0, 1, 2, 3, 4].slice(0, count));
  });

  test("top-p counts what top-k left as the whole", () => {
    // Of [3, 2, 2] the first has 0.576
    expect(ids({ topK: 3, topP: 0.57 })).toEqual([0]);
    expect(ids({ topK: 3, topP: 0.58 })).toEqual([0, 1]);
  });

  test("min-p 0.2 keeps three", () => {
    expect(ids({ minP: 0.2 })).toEqual([0, 1, 2]);
    expect(ids({ minP: 0 })).toHaveLength(5);
    expect(ids({ minP: 1 })).toEqual([0]);
    expect(ids({ minP: 1 }, [1, 5, 5])).toEqual([1, 2]);
  });

  test("top-k keeps the k largest, and ties with the k-th", () => {
    expect(ids({ topK: 1 })).toEqual([0]);
    expect(ids({ topK: 2 })).toEqual([0, 1, 2]);
    expect(ids({ topK: 3 })).toEqual([0, 1, 2]);
    expect(ids({ topK: 4 })).toEqual([0, 1, 2, 3]);
    expect(ids({ topK: 99 })).toHaveLength(5);
  });

  test("of equal logits top-p takes the smaller id first", () => {
    expect(ids({ topP: 0.5 }, [0, 0, 0, 0])).toEqual([0, 1]);
  });

  test("temperature comes before top-p and min-p", () => {
    expect(ids({ topP: 0.6, temperature: 0.5 })).toEqual([0]);
    expect(ids({ minP: 0.2, temperature: 2 })).toEqual([0, 1, 2, 3, 4]);
  });

  test("what stays shares the probability, most likely first", () => {
    const candidates = kept({ topK: 3, temperature: 0.7 });
    const expected = softmax([3, 2, 2], 0.7);
    candidates.forEach((c, i) => {
      expect(c.probability).toBeCloseTo(expected[i]!, 12);
    });
    expect(candidates.reduce((s, c) => s + c.probability, 0)).toBeCloseTo(1, 12);
  });

  test("a logit of −∞ is never drawn", () => {
    const draw = sampler({ temperature: 5 });
    for (let i = 0; i < 200; i++) expect(draw([0, -Infinity, 0]).id).not.toBe(1);
  });
});

describe("sampler", () => {
  test.each([
    {},
    { temperature: 0.5 },
    { temperature: 3 },
    { topK: 3 },
    { topP: 0.85, temperature: 1.5 },
  ])("draws as often as the probabilities say with %j", (options) => {
    const draw = sampler({ ...options, seed: 12 });
    const n = 20_000;
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const { id } = draw(LOGITS);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const candidates = kept(options);
    expect([...counts.keys()].sort()).toEqual(candidates.map((c) => c.id).sort());
    for (const { id, probability } of candidates) {
      const spread = Math.sqrt((probability * (1 - probability)) / n);
      expect(Math.abs(counts.get(id)! / n - probability)).toBeLessThan(4 * spread);
    }
  });

  test("is decided by its seed", () => {
    const draws = (seed?: number) => {
      const draw = sampler(seed === undefined ? {} : { seed });
      return Array.from({ length: 50 }, () => draw(LOGITS).id);
    };
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
    expect(draws()).toEqual(draws(0));
  });

  test("temperature 0 takes the largest, the first of equals, always", () => {
    const draw = sampler({ temperature: 0 });
    for (let i = 0; i < 20; i++)
      expect(draw([1, 4, 4, -2])).toMatchObject({ id: 1, probability: 1 });
    expect(draw([-Infinity, -5, -Infinity]).id).toBe(1);
  });

  test.each([1e-3, 1e-30, 1e-320])("temperature %f is as good as greedy", (temperature) => {
    const draw = sampler({ temperature });
    for (let i = 0; i < 20; i++) expect(draw([1, 3.9, 4, -2]).id).toBe(2);
  });

  test("greedy and random draws use up the same numbers", () => {
    const [a, b] = [sampler({ seed: 3 }), sampler({ seed: 3 })];
    const later = (draw: typeof a) => Array.from({ length: 20 }, () => draw(LOGITS).id);
    a([9, 0]);
    b([0, 0, 0, 0, 0, 0]);
    expect(later(a)).toEqual(later(b));
  });

  test("tells the model's own log-probability, before temperature and filters", () => {
    for (const options of [{ temperature: 0 }, { temperature: 3, topK: 1 }])
      expect(sampler(options)(LOGITS).logProbability).toBeCloseTo(
        Math.log(softmax(LOGITS)[0]!),
        12,
      );
  });

  test("lists as many alternatives as asked for", () => {
    expect(sampler()(LOGITS).candidates).toEqual([]);
    const two = sampler({}, 2)(LOGITS).candidates;
    expect(two.map((c) => c.id)).toEqual([0, 1]);
    expect(two[0]!.probability).toBeCloseTo(softmax(LOGITS)[0]!, 12);
    expect(sampler({}, 99)(LOGITS).candidates).toHaveLength(5);
  });

  test("lists what a greedy choice was made over", () => {
    const { id, candidates } = sampler({ temperature: 0 }, 3)(LOGITS);
    expect(id).toBe(0);
    expect(candidates.map((c) => c.id)).toEqual([0, 1, 2]);
    expect(candidates[2]!.probability).toBeCloseTo(softmax(LOGITS)[2]!, 12);
  });

  test.each([
    [{ temperature: -1 }, "temperature", "it is 0 (greedy) or more"],
    [{ temperature: Number.NaN }, "temperature", "it is 0 (greedy) or more"],
    [{ temperature: Infinity }, "temperature", "it is 0 (greedy) or more"],
    [{ topK: 0 }, "topK", "it is a whole number, 1 at least"],
    [{ topK: 1.5 }, "topK", "it is a whole number, 1 at least"],
    [{ topP: 0 }, "topP", "it lies in 0 … 1, without 0"],
    [{ topP: 1.1 }, "topP", "it lies in 0 … 1, without 0"],
    [{ minP: -0.1 }, "minP", "it lies in 0 … 1"],
    [{ minP: 2 }, "minP", "it lies in 0 … 1"],
    [{ seed: -1 }, "seed", "it is a whole number in 0 … 4294967295"],
    [{ seed: 2 ** 32 }, "seed", "it is a whole number in 0 … 4294967295"],
  ])("refuses %j", (options, field, remedy) => {
    const value = Object.values(options)[0];
    expect(() => sampler(options)).toThrow(ConfigError);
    expect(() => sampler(options)).toThrow(`${field} is ${value}; ${remedy}`);
  });

  test.each([
    ["all", [Number.NaN, Number.NaN]],
    ["one", [1, Number.NaN, 2]],
    ["the last", [1, 2, Number.NaN]],
  ])("refuses logits of which %s is NaN, greedy or not", (_, logits) => {
    for (const temperature of [0, 1])
      expect(() => sampler({ temperature })(logits)).toThrow("logits are not numbers (NaN)");
  });
});
