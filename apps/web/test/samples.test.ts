import { expect, test } from "vitest";
import { firstWords, sampleAt } from "../src/screens/train/series.ts";

const samples = [0, 50, 50, 100].map((step, i) => ({ step, text: `text ${i}` }));

test.each([
  [0, "text 0"],
  [49, "text 0"],
  [50, "text 2"],
  [99.5, "text 2"],
  [1000, "text 3"],
])("at step %d a chart's cursor shows the newest sample written by then", (step, text) => {
  expect(sampleAt(samples, step)?.text).toBe(text);
});

test("before the first sample there is none", () => {
  expect(sampleAt(samples.slice(1), 49)).toBeUndefined();
});

test("of a sample the first words are said, on one line", () => {
  expect(firstWords({ step: 1, text: "\nA dog\n\nran. " })).toBe("A dog ran.");
  expect(firstWords({ step: 1, text: "a b c d e f g h i j" })).toBe("a b c d e f g h …");
  expect(firstWords({ step: 1, text: "😀".repeat(100) })).toBe(`${"😀".repeat(60)} …`);
});
