import { expect, test } from "vitest";
import { fillUniform, Rng, threefry, toUnit } from "../src/index.ts";

// Random123's known answers for threefry2x32 with 20 rounds.
test.each([
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const)("threefry of key %j and counter %j is the published %j", (key, counter, expected) => {
  expect(threefry(key[0], key[1], counter[0], counter[1])).toEqual(expected);
});

test("a word becomes a number in [0, 1) that float32 holds exactly", () => {
  expect(toUnit(0)).toBe(0);
  expect(toUnit(0xffffffff)).toBe(1 - 2 ** -24);
  for (const word of [1, 255, 256, 0x80000000, 0x12345678])
    expect(Math.fround(toUnit(word))).toBe(toUnit(word));
});

test("fillUniform takes both words of each block, in order", () => {
  const out = new Float32Array(3);
  fillUniform(out, [1, 2], 5);
  const first = threefry(1, 2, 0, 5);
  const second = threefry(1, 2, 1, 5);
  expect([...out]).toEqual([toUnit(first[0]), toUnit(first[1]), toUnit(second[0])]);
});

const draws = (rng: Rng, n = 5) => Array.from({ length: n }, () => rng.uniform());

test("one seed and stream give the same numbers; another seed or stream gives others", () => {
  const first = draws(new Rng(1, "data"));
  expect(draws(new Rng(1, "data"))).toEqual(first);
  expect(draws(new Rng(2, "data"))).not.toEqual(first);
  expect(draws(new Rng(1, "init"))).not.toEqual(first);
  expect(new Set(first).size).toBe(5);
});

test("streams do not disturb each other", () => {
  const alone = draws(new Rng(1, "a"));
  const [a, b] = [new Rng(1, "a"), new Rng(1, "b")];
  const beside = Array.from({ length: 5 }, () => {
    b.uniform();
    return a.uniform();
  });
  expect(beside).toEqual(alone);
});

test("streams of one seed are uncorrelated", () => {
  const n = 4000;
  const [x, y] = [draws(new Rng(3, "x"), n), draws(new Rng(3, "y"), n)];
  const covariance = x.reduce((sum, v, i) => sum + (v - 0.5) * (y[i]! - 0.5), 0) / n;
  expect(Math.abs(covariance * 12)).toBeLessThan(4 / Math.sqrt(n)); // four standard errors
});

test("at gives each index a stream of its own", () => {
  const streams = [0, 1, 2, 2 ** 32].map((i) => draws(Rng.at(7, "step", i)));
  expect(new Set(streams.map(String)).size).toBe(4);
  expect(draws(Rng.at(7, "step", 1))).toEqual(streams[1]);
});

test("a state goes on where it was", () => {
  const rng = new Rng(9, "s");
  draws(rng);
  const copy = Rng.from(JSON.parse(JSON.stringify(rng.state)));
  expect(draws(copy)).toEqual(draws(rng));
});

test("uniform numbers fill [0, 1) evenly", () => {
  const n = 20_000;
  const counts = new Array<number>(10).fill(0);
  for (const x of draws(new Rng(4), n)) counts[Math.floor(x * 10)]!++;
  const chi2 = counts.reduce((sum, c) => sum + (c - n / 10) ** 2 / (n / 10), 0);
  expect(chi2).toBeLessThan(27.9); // nine degrees of freedom, p = 0.001
});

test("integers reach every value below n and no other", () => {
  const rng = new Rng(5);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7000; i++) counts[rng.integer(7)]!++;
  expect(counts).toHaveLength(7);
  expect(Math.min(...counts)).toBeGreaterThan(850);
  for (let i = 0; i < 100; i++) expect(rng.integer(1)).toBe(0);
});

test("normals have mean 0, variance 1 and the tails of a normal distribution", () => {
  const n = 20_001; // odd: the last pair is cut in half
  const x = new Rng(6).normals(n);
  expect(x).toHaveLength(n);
  const mean = x.reduce((a, v) => a + v, 0) / n;
  const variance = x.reduce((a, v) => a + (v - mean) ** 2, 0) / n;
  const beyond2 = x.reduce((a, v) => a + Number(Math.abs(v) > 2), 0) / n;
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  expect(Math.abs(beyond2 - 0.0455)).toBeLessThan(0.006); // four standard errors
  expect(x.every(Number.isFinite)).toBe(true);
});

test.each([-1, 0.5, 2 ** 32, Number.NaN])(
  "a seed of %s is a RangeError that says the bounds",
  (seed) => {
    expect(() => new Rng(seed)).toThrow(RangeError);
    expect(() => new Rng(seed)).toThrow(/is not an integer between 0 and 4294967295/);
  },
);
