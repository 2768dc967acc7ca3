import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { stories, storyCharacters, storyStream } from "../src/index.ts";

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);

describe("stories", () => {
  it("gives the same text for a seed and a size, to the last character", () => {
    expect(digest(stories({ seed: 1, characters: 100_000 }))).toBe("b444db0c61e55559");
    expect(digest(stories({ seed: -20_260_101, characters: 100_000 }))).toBe("48503b9437c497d2");
  });

  it("tells other stories for another seed", () => {
    const first = new Set(stories({ seed: 1, characters: 200_000 }).split("\n\n"));
    const second = stories({ seed: 2, characters: 200_000 }).split("\n\n");
    expect(second.filter((story) => story !== "" && first.has(story))).toEqual([]);
  });

  it("begins a larger text with a smaller one", () => {
    const large = stories({ seed: 5, characters: 50_000 });
    for (const characters of [0, 1, 999, 20_000]) {
      expect(large.startsWith(stories({ seed: 5, characters }))).toBe(true);
    }
  });

  it("reaches the size with the fewest whole stories, a blank line behind each", () => {
    for (const characters of [1, 1_500, 30_000]) {
      const text = stories({ seed: 3, characters });
      expect(text.length).toBeGreaterThanOrEqual(characters);
      expect(text.endsWith("\n\n")).toBe(true);
      const withoutLast = text.slice(0, text.lastIndexOf("\n\n", text.length - 3) + 2);
      expect(text.split("\n\n").length === 2 || withoutLast.length < characters).toBe(true);
    }
    expect(stories({ seed: 3, characters: 0 })).toBe("");
  });

  it("joins what the stream yields", () => {
    const stream = storyStream({ seed: 11 });
    const text = `${stream.next().value}\n\n${stream.next().value}\n\n`;
    expect(stories({ seed: 11, characters: text.length })).toBe(text);
  });

  it("uses the declared characters, and all of them", () => {
    const found = [...new Set(stories({ seed: 7, characters: 600_000 }))].sort().join("");
    expect(found).toBe(storyCharacters);
    expect(storyCharacters.length).toBeLessThan(65);
  });

  it("refuses seeds and sizes that are not whole numbers", () => {
    expect(() => stories({ seed: 0.5, characters: 10 })).toThrow(/seed must be a whole number/);
    expect(() => stories({ seed: 1, characters: -1 })).toThrow(/characters must be a whole number/);
    expect(() => stories({ seed: 1, characters: Number.NaN })).toThrow(RangeError);
    expect(() => stories({ seed: 1, characters: Number.POSITIVE_INFINITY })).toThrow(RangeError);
  });
});
