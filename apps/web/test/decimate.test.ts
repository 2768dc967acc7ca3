import { expect, test } from "vitest";
import { guessWords } from "../src/screens/train/words.ts";
import { decimate } from "../src/viz/decimate.ts";

test("of 50,000 points the spikes stay, in order, and the last", () => {
  const xs = Array.from({ length: 50_000 }, (_, i) => i);
  const ys = xs.map((i) => Math.sin(i / 700) + (i === 31_234 ? 50 : i === 31_240 ? -50 : 0));
  const small = decimate({ xs, ys }, 400);
  expect(small.xs.length).toBeLessThanOrEqual(801);
  expect(small.ys).toContain(ys[31_234]);
  expect(small.ys).toContain(ys[31_240]);
  expect(small.xs).toEqual([...small.xs].sort((a, b) => a - b));
  expect(small.xs.at(-1)).toBe(49_999);
});

test("few points stay as they are", () => {
  const line = { xs: [1, 2], ys: [3, null] };
  expect(decimate(line, 400)).toEqual(line);
});

test("a loss is a guess among so many", () => {
  expect(guessWords(Math.log(11))).toBe("as unsure as an 11-way guess");
  expect(guessWords(Math.log(110))).toBe("as unsure as a 110-way guess");
  expect(guessWords(Math.log(2.5))).toBe("as unsure as a 2.5-way guess");
});
