import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toByteLevel } from "../src/byte-level.ts";
import { gpt2 } from "../src/pretokenize.ts";
import { isLetter, isNumber, isWhiteSpace } from "../src/unicode.ts";
import { encodeUtf8 } from "../src/utf8.ts";
import fixture from "./fixtures/bpe.json" with { type: "json" };
import { PATTERN } from "./naive.ts";
import { anyString, runs, text } from "./samples.ts";

function cut(text: string, start = 0, end = text.length): string[] {
  const pieces: string[] = [];
  for (let from = start; from < end; ) {
    const to = gpt2(text, from, end);
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

const byRegex = (text: string): string[] => text.match(PATTERN) ?? [];

/** Every string over `alphabet` of at most `length` of its members. */
function* strings(alphabet: readonly string[], length: number): Generator<string> {
  yield "";
  if (length > 0)
    for (const rest of strings(alphabet, length - 1)) for (const c of alphabet) yield c + rest;
}

describe("GPT-2's pattern", () => {
  test.each([
    { length: 5, alphabet: ["a", "s", "'", "1", " ", "\n", "!"] },
    { length: 4, alphabet: ["'", "l", "r", "e", "v", "t", "m", "d", "S", " "] },
    {
      length: 4,
      alphabet: ["é", "\u0085", "\ufeff", "\u00a0", " ", "日", "٣", "😀", "\u0301", "½"],
    },
  ])("cuts all strings of up to $length of $alphabet as the regular expression does", (sample) => {
    const wrong: string[] = [];
    for (const text of strings(sample.alphabet, sample.length))
      if (cut(text).join("\0") !== byRegex(text).join("\0")) wrong.push(text);
    expect(wrong).toEqual([]);
  });

  test("cuts random strings, with lone surrogates too, as the regular expression does", () => {
    fc.assert(
      fc.property(fc.oneof(text, anyString), (sample) => {
        expect(cut(sample)).toEqual(byRegex(sample));
      }),
      runs,
    );
  });

  test("takes the end of the range for the end of the text", () => {
    fc.assert(
      fc.property(text, text, text, (before, sample, after) => {
        const whole = before + sample + after;
        expect(cut(whole, before.length, before.length + sample.length)).toEqual(cut(sample));
      }),
      runs,
    );
  });

  test.each(fixture.pieces)("cuts $text as Hugging Face tokenizers do", ({ text, pieces }) => {
    expect(cut(text).map((piece) => toByteLevel(encodeUtf8(piece)))).toEqual(pieces);
  });
});

describe("character classes", () => {
  test("White_Space is Unicode's, not that of \\s", () => {
    const wrong: number[] = [];
    for (let c = 0; c < 0x110000; c++)
      if (isWhiteSpace(c) !== /\p{White_Space}/u.test(String.fromCodePoint(c))) wrong.push(c);
    expect(wrong).toEqual([]);
    expect([isWhiteSpace(0x85), isWhiteSpace(0xfeff)]).toEqual([true, false]);
  });

  test("no character is in two classes", () => {
    const twice: number[] = [];
    for (let c = 0; c < 0x110000; c++)
      if (Number(isLetter(c)) + Number(isNumber(c)) + Number(isWhiteSpace(c)) > 1) twice.push(c);
    expect(twice).toEqual([]);
  });
});
