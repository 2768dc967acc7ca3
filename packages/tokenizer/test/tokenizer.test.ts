import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytes,
  characters,
  loadTokenizer,
  type Tokenizer,
  trainBPE,
  UnknownCharacterError,
} from "../src/index.ts";
import { anyBytes, anyString, runs, SCRIPTS, STORY, text, wellFormed } from "./samples.ts";

const bpe = trainBPE(STORY + SCRIPTS, { vocabulary: 400, specials: ["<|endoftext|>"] });

/** A tokenizer of each kind that can encode `text`. */
const kinds: { kind: string; of: (text: string) => Tokenizer }[] = [
  { kind: "characters", of: (text) => characters(`${text}x`) },
  { kind: "bytes", of: () => bytes() },
  { kind: "bpe", of: () => bpe },
];

describe.each(kinds)("$kind", ({ kind, of }) => {
  test("says what it is", () => {
    expect(of("").kind).toBe(kind);
  });

  test("decode undoes encode for any well-formed text", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const tokenizer = of(sample);
        expect(tokenizer.decode(tokenizer.encode(sample))).toBe(sample);
      }),
      runs,
    );
  });

  test.each(["", "\ufeffa\ufeff", "\0", "a\0b", "\ufffd", "\u{10ffff}", "👩‍👩‍👧‍👦", "\r\n"])(
    "keeps %j",
    (sample) => {
      const tokenizer = of(sample);
      expect(tokenizer.decode(tokenizer.encode(sample))).toBe(sample);
    },
  );

  test("reads lone surrogates as U+FFFD", () => {
    fc.assert(
      fc.property(anyString, (sample) => {
        const tokenizer = of(sample);
        expect(tokenizer.decode(tokenizer.encode(sample))).toBe(wellFormed(sample));
      }),
      runs,
    );
  });

  test("all ids are below size, and each has its bytes", () => {
    const tokenizer = of(STORY);
    const ids = tokenizer.encode(STORY);
    expect(ids).toBeInstanceOf(Int32Array);
    expect(Math.max(...ids)).toBeLessThan(tokenizer.size);
    const joined = Array.from(ids).flatMap((id) => [...tokenizer.token(id)]);
    expect(joined).toEqual([...new TextEncoder().encode(STORY)]);
  });

  test("the streaming decoder gives the same text, only whole characters, each as soon as it is there", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const tokenizer = of(sample);
        const decoder = tokenizer.decoder();
        let written = "";
        const ids = tokenizer.encode(sample);
        for (const [i, id] of ids.entries()) {
          const part = decoder.push(id);
          expect(part).toBe(wellFormed(part));
          written += part;
          const sofar = tokenizer.decode(ids.subarray(0, i + 1));
          // What the batch decoding has beyond it is the unfinished character alone.
          expect(sofar.slice(0, written.length)).toBe(written);
          expect(sofar.length - written.length).toBeLessThanOrEqual(1);
        }
        expect(written + decoder.flush()).toBe(sample);
        expect(written).toBe(sample);
      }),
      runs,
    );
  });

  test("saved and loaded it is the same tokenizer", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const tokenizer = of(sample);
        const saved = JSON.stringify(tokenizer);
        const loaded = loadTokenizer(JSON.parse(saved));
        expect(loaded.kind).toBe(kind);
        expect(loaded.size).toBe(tokenizer.size);
        expect([...loaded.specials]).toEqual([...tokenizer.specials]);
        expect(loaded.encode(sample)).toEqual(tokenizer.encode(sample));
        expect(JSON.stringify(loaded)).toBe(saved);
      }),
      { ...runs, numRuns: 50 },
    );
  });

  test.each([-1, 1.5, Number.NaN, 1e6])("refuses the id %d", (id) => {
    const tokenizer = of("abc");
    const message = `id ${id} is not in the vocabulary (0 … ${tokenizer.size - 1})`;
    expect(() => tokenizer.token(id)).toThrow(RangeError);
    expect(() => tokenizer.decoder().push(id)).toThrow(message);
    expect(() => tokenizer.decode([0, id])).toThrow(RangeError);
    expect(() => tokenizer.decode([0, id])).toThrow(
      `id ${id} at position 1 is not in the vocabulary`,
    );
  });
});

describe("characters", () => {
  test("numbers code points from 0 in ascending order, not in that of UTF-16", () => {
    // In UTF-16 order U+1F600 comes before U+FF5E.
    expect(characters("b～a😀b\n").toJSON()).toEqual({
      muladd: 1,
      type: "characters",
      characters: ["\n", "a", "b", "～", "😀"],
    });
    expect([...characters("hello").encode("hello")]).toEqual([1, 0, 2, 2, 3]);
  });

  test("gathers them from all strings of an iterable", () => {
    expect(characters(new Set(["ab", "", "bc"])).characters).toEqual(["a", "b", "c"]);
  });

  test.each([[""], [[]]])("refuses the empty text %o", (text) => {
    expect(() => characters(text)).toThrow(RangeError);
    expect(() => characters(text)).toThrow("characters: the text is empty");
  });

  test("names unknown characters, their code points, the position and the remedy", () => {
    const tokenizer = characters("abc 😀");
    const encode = () => tokenizer.encode("a😀é\nab\u{1f601}\n");
    expect(encode).toThrow(UnknownCharacterError);
    expect(encode).toThrow(
      'encode: "é" (U+00E9) at position 3 is not one of the 5 characters of this tokenizer ' +
        '(also unknown: "\\n" (U+000A), "😁" (U+1F601)); remove or replace it, ' +
        "build the tokenizer from text that holds it, or use bytes or BPE, which take any text",
    );
    try {
      encode();
    } catch (error) {
      expect(error).toMatchObject({ characters: ["é", "\n", "😁"], position: 3 });
    }
  });

  test("does not list unknown characters without end", () => {
    expect(() => characters("x").encode("abcdefghij")).toThrow(/"f" \(U\+0066\) and 4 more\)/);
  });
});

describe("bytes", () => {
  test("ids are the bytes of UTF-8", () => {
    expect([...bytes().encode("aé😀")]).toEqual([0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]);
    expect(bytes().size).toBe(256);
  });

  test("bytes that are no UTF-8 become U+FFFD, as in TextDecoder, one at a time too", () => {
    fc.assert(
      fc.property(anyBytes, (sample) => {
        const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(sample);
        expect(bytes().decode(sample)).toBe(expected);
        const decoder = bytes().decoder();
        const parts = Array.from(sample, (id) => decoder.push(id));
        expect(parts.join("") + decoder.flush()).toBe(expected);
      }),
      { ...runs, numRuns: 2000 },
    );
  });
});
