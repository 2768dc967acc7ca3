import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toByteLevel } from "../src/byte-level.ts";
import { CL100K, GPT2, LLAMA3, O200K, type Pretokenizer, patternOf, QWEN2 } from "../src/index.ts";
import { lastBoundary } from "../src/scan/boundary.ts";
import { decodeUtf8, encodeUtf8 } from "../src/utf8.ts";
import fixture from "./fixtures/bpe.json" with { type: "json" };
import { regexOf } from "./patterns.ts";
import { anyString, runs, SCRIPTS, STORY, strings, text, wellFormed } from "./samples.ts";

const pretokenizers = { GPT2, CL100K, LLAMA3, QWEN2, O200K };

function cutBytes(
  { scanners: [scan] }: Pretokenizer,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): string[] {
  const pieces: string[] = [];
  for (let from = start; from < end; ) {
    const to = scan!(bytes, from, end, start);
    pieces.push(decodeUtf8(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}
const cut = (pretokenizer: Pretokenizer, text: string): string[] =>
  cutBytes(pretokenizer, encodeUtf8(text));

const alphabets = [
  { length: 5, alphabet: ["a", "s", "'", "1", " ", "\n", "!"] },
  { length: 4, alphabet: ["'", "l", "r", "e", "v", "t", "m", "d", "S", " ", "ſ", "\u212a"] },
  { length: 4, alphabet: ["é", "\u0085", "\ufeff", "\u00a0", " ", "日", "٣", "😀", "\u0301", "½"] },
  { length: 5, alphabet: ["A", "b", "中", "\u0301", "'", "s", " "] },
  { length: 5, alphabet: ["/", "\r", "\n", " ", "!", "ǅ", "ʰ"] },
  { length: 4, alphabet: ["\u2003", "\u200a", "\u3000", " ", "\n", "x", "7"] },
];

describe.each(Object.entries(pretokenizers))("%s", (_, pretokenizer) => {
  const regex = regexOf(patternOf(pretokenizer));
  const byRegex = (text: string): string[] => text.match(regex) ?? [];

  test.each(alphabets)(
    "cuts all strings of up to $length of $alphabet as the regular expression does",
    ({ alphabet, length }) => {
      const wrong: string[] = [];
      for (const text of strings(alphabet, length))
        if (cut(pretokenizer, text).join("\0") !== byRegex(text).join("\0")) wrong.push(text);
      expect(wrong).toEqual([]);
    },
  );

  test("cuts random strings as the regular expression does", () => {
    fc.assert(
      fc.property(fc.oneof(text, anyString.map(wellFormed)), (sample) => {
        expect(cut(pretokenizer, sample)).toEqual(byRegex(sample));
      }),
      runs,
    );
  });

  test("takes the end of the range for the end of the text", () => {
    fc.assert(
      fc.property(text, text, text, (before, sample, after) => {
        const [first, middle] = [encodeUtf8(before).length, encodeUtf8(sample).length];
        const bytes = encodeUtf8(before + sample + after);
        const pieces = cutBytes(pretokenizer, bytes, first, first + middle);
        expect(pieces).toEqual(cut(pretokenizer, sample));
      }),
      runs,
    );
  });

  test("cuts at a boundary whatever comes after it", () => {
    let inside = 0;
    fc.assert(
      fc.property(fc.oneof(text, anyString.map(wellFormed)), text, (sample, after) => {
        const bytes = encodeUtf8(sample);
        const at = lastBoundary(bytes, 0, bytes.length);
        if (at > 0) inside++;
        const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)].map(decodeUtf8);
        expect(cut(pretokenizer, sample + after)).toEqual([
          ...cut(pretokenizer, head!),
          ...cut(pretokenizer, tail + after),
        ]);
      }),
      { ...runs, numRuns: 1000 },
    );
    expect(inside).toBeGreaterThan(300);
  });

  test("finds a boundary in ordinary text", () => {
    for (const sample of [STORY, SCRIPTS]) {
      const bytes = encodeUtf8(sample);
      expect(lastBoundary(bytes, 0, bytes.length)).toBeGreaterThan(bytes.length - 60);
    }
  });
});

test.each(fixture.pieces)("GPT-2 cuts $text as Hugging Face tokenizers do", ({ text, pieces }) => {
  expect(cut(GPT2, text).map((piece) => toByteLevel(encodeUtf8(piece)))).toEqual(pieces);
});
