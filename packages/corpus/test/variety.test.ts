import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { stories } from "../src/index.ts";

const TEXT = stories({ seed: 1, characters: 1_000_000 });
const WORDS = TEXT.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g) ?? [];

// The bounds lie some percent below what the text reaches today: 1,693 words, 0.55, 0.37, 4.3.
describe("a megabyte of stories", () => {
  it("has a vocabulary of more than 1,600 words", () => {
    expect(new Set(WORDS).size).toBeGreaterThan(1_600);
  });

  it("says more than half of its sentences only in one way", () => {
    const sentences = TEXT.split(/(?<=[.!?]"?)\s+/);
    expect(new Set(sentences).size / sentences.length).toBeGreaterThan(0.5);
  });

  it("has a new sequence of four words at every third word", () => {
    const four = WORDS.slice(3).map((_, i) => WORDS.slice(i, i + 4).join(" "));
    expect(new Set(four).size / four.length).toBeGreaterThan(1 / 3);
  });

  it("compresses less than five to one", () => {
    expect(TEXT.length / gzipSync(TEXT, { level: 9 }).length).toBeLessThan(5);
  });

  it("repeats no story", () => {
    const told = TEXT.split("\n\n");
    expect(new Set(told).size).toBe(told.length);
  });
});
