import { describe, expect, test } from "vitest";
import { SCRIPTS } from "../src/pattern/scripts-16.ts";
import { classAt } from "../src/scan/classes.ts";
import { CATEGORIES, CODE_POINTS, generalCategories, isWhiteSpace } from "../src/unicode.ts";
import { GENERAL_CATEGORIES } from "../src/unicode-16.ts";
import { CHARACTER_KINDS } from "../src/unicode-kinds.ts";
import { encodeUtf8 } from "../src/utf8.ts";
import { generalCategoryRuns, kindRuns, publishedCategories, scriptRuns } from "./unicode-runs.ts";

describe("Unicode 16.0", () => {
  test("every code point has its published category", async () => {
    expect(Buffer.compare(generalCategories(), await publishedCategories())).toBe(0);
    expect(GENERAL_CATEGORIES).toBe(await generalCategoryRuns());
    expect(CHARACTER_KINDS).toBe(await kindRuns());
  });

  test("every script that patterns may name is as published", async () => {
    expect(Object.entries(SCRIPTS)).toEqual(await scriptRuns());
  });

  test("has as many letters, numbers and marks as it should", () => {
    const count = (prefix: string) =>
      generalCategories().reduce((n, c) => n + Number(CATEGORIES[c]!.startsWith(prefix)), 0);
    // Counts of the Unicode 16 tables of tiktoken and Hugging Face tokenizers.
    expect([count("L"), count("N"), count("M")]).toEqual([141_028, 1_911, 2_501]);
    expect([count("Lu"), count("Ll"), count("Lt"), count("Lm"), count("Lo")]).toEqual([
      1_858, 2_258, 31, 404, 136_477,
    ]);
  });

  test("White_Space is Unicode's, not that of \\s", () => {
    const wrong: number[] = [];
    for (let c = 0; c < CODE_POINTS; c++)
      if (isWhiteSpace(c) !== /\p{White_Space}/u.test(String.fromCodePoint(c))) wrong.push(c);
    expect(wrong).toEqual([]);
    expect([isWhiteSpace(0x85), isWhiteSpace(0xfeff)]).toEqual([true, false]);
  });

  test("the class of ASCII characters is that of all", () => {
    const [upper, lower, number, space, newline, other] = [..."Az5 \n!"].map((c) =>
      classAt(encodeUtf8(c), 0),
    );
    const wide = ["Å", "é", "٣", "\u3000"].map((c) => classAt(encodeUtf8(c), 0));
    expect([upper, lower, number, space]).toEqual(wide);
    expect(new Set([upper, lower, number, space, newline, other]).size).toBe(6);
  });
});
