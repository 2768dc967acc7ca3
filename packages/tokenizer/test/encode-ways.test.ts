import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytes,
  characters,
  encodeBatch,
  GPT2,
  type Tokenizer,
  tiktoken,
  trainBPE,
} from "../src/index.ts";
import { packedRanks, tokenizerOf } from "./oracles.ts";
import { anyString, runs, SCRIPTS, STORY, text, wellFormed } from "./samples.ts";

const specials = ["<|endoftext|>", "<|end|>", "end of it"];
const trained = trainBPE(STORY + SCRIPTS, { vocabulary: 500, specials });

/** A tokenizer of each kind that can encode `text`. */
const kinds: { kind: string; of: (text: string) => Tokenizer }[] = [
  { kind: "characters", of: (text) => characters(`${text}x\ufffd`) },
  { kind: "bytes", of: () => bytes() },
  { kind: "trained BPE", of: () => trained },
  { kind: "cl100k", of: () => tokenizerOf("cl100k_base") },
  { kind: "o200k", of: () => tokenizerOf("o200k_base") },
];
const plain = { disallowedSpecial: [] } as const;
const withSpecials = { allowedSpecial: "all" } as const;
/** Text with whole and broken special tokens in it. */
const marked = fc
  .array(fc.oneof(fc.constantFrom(...specials, "<|end", "|>", "of it"), text, anyString), {
    maxLength: 5,
  })
  .map((parts) => parts.join(""));

describe.each(kinds)("$kind", ({ of }) => {
  test("count, encodeInto, isWithin and encodeBatch say what encode does", () => {
    fc.assert(
      fc.property(marked, fc.nat(30), (sample, limit) => {
        const tokenizer = of(sample);
        for (const options of [plain, withSpecials]) {
          const ids = tokenizer.encode(sample, options);
          expect(tokenizer.count(sample, options)).toBe(ids.length);
          const target = new Uint32Array(ids.length + 2).fill(7);
          expect(tokenizer.encodeInto(sample, target, options)).toBe(ids.length);
          expect([...target]).toEqual([...ids, 7, 7]);
          const within = tokenizer.isWithin(sample, limit, options);
          expect(within).toBe(ids.length <= limit && ids.length);
          expect(encodeBatch(tokenizer, [sample, "x"], options)).toEqual([
            ids,
            tokenizer.encode("x"),
          ]);
        }
      }),
      runs,
    );
  });

  test("offsets cover each token's characters, in every unit", () => {
    fc.assert(
      fc.property(marked, (sample) => {
        const tokenizer = of(sample);
        const whole = wellFormed(sample);
        const points = Array.from(whole);
        const utf8 = new TextEncoder().encode(whole);
        const encode = (unit: "utf16" | "codePoint" | "byte") =>
          tokenizer.encodeWithOffsets(sample, { ...withSpecials, unit });
        const [units, codes, raw] = [encode("utf16"), encode("codePoint"), encode("byte")];
        expect(units.ids).toEqual(tokenizer.encode(sample, withSpecials));
        let byte = 0;
        for (const [i, id] of units.ids.entries()) {
          const token = tokenizer.token(id);
          // Bytes partition the text.
          expect([raw.starts[i], raw.ends[i]]).toEqual([byte, byte + token.length]);
          expect(utf8.slice(byte, byte + token.length)).toEqual(token);
          // Characters are all those of which the token has a byte.
          const before = charactersBefore(utf8, byte);
          const after = leads(utf8, byte + token.length);
          expect([codes.starts[i], codes.ends[i]]).toEqual([before, after]);
          expect(whole.slice(units.starts[i], units.ends[i])).toBe(
            points.slice(before, after).join(""),
          );
          byte += token.length;
        }
        expect(byte).toBe(utf8.length);
      }),
      runs,
    );
  });

  test("a stream gives the ids of the whole, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(marked, { maxLength: 8 }), fc.boolean(), (parts, allowed) => {
        const whole = parts.join("");
        const tokenizer = of(whole);
        const options = allowed ? withSpecials : plain;
        const encoder = tokenizer.encoder(options);
        for (let again = 0; again < 2; again++) {
          const ids = parts.flatMap((part) => [...encoder.push(part)]);
          ids.push(...encoder.flush());
          expect(ids).toEqual([...tokenizer.encode(whole, options)]);
        }
      }),
      { ...runs, numRuns: 1000 },
    );
  });

  test("a stream lets ids go as the text comes", () => {
    const story = STORY.repeat(3);
    const tokenizer = of(story);
    const encoder = tokenizer.encoder();
    let given = 0;
    for (const character of story) given += encoder.push(character).length;
    expect(given).toBeGreaterThan(0.9 * tokenizer.count(story));
  });
});

/** Characters before `byte`; the one that it is inside of is not before it. */
const charactersBefore = (utf8: Uint8Array, byte: number): number => {
  let at = byte;
  while (at < utf8.length && (utf8[at]! & 0xc0) === 0x80) at--;
  return leads(utf8, at);
};
const leads = (utf8: Uint8Array, end: number): number =>
  utf8.subarray(0, end).reduce((n, byte) => n + Number((byte & 0xc0) !== 0x80), 0);

describe("two specials with one id", () => {
  const byteRanks = Array.from({ length: 256 }, (_, byte) => btoa(String.fromCharCode(byte)));
  const ranks = `! 0 ${byteRanks.join(" ")}`;
  const names: [string, number][] = [
    ["<|ep|>", 256],
    ["<|reserved|>", 256],
    ["<|ep|>é", 256],
  ];

  test.each([names, names.toReversed()])("have offsets of their own (%j, …)", (...specials) => {
    const tokenizer = tiktoken(ranks, { pretokenizer: GPT2, specials: new Map(specials) });
    const text = "<|ep|>é<|reserved|><|ep|>!";
    const all = tokenizer.encodeWithOffsets(text, { ...withSpecials, unit: "byte" });
    expect([[...all.ids], [...all.starts]]).toEqual([
      [256, 256, 256, 33],
      [0, 8, 20, 26],
    ]);
    const some = tokenizer.encodeWithOffsets("<|ep|>é", { ...plain, allowedSpecial: ["<|ep|>"] });
    expect([[...some.ids], [...some.starts]]).toEqual([
      [256, 0xc3, 0xa9],
      [0, 6, 6],
    ]);
    expect(tokenizer.isWithin("<|reserved|>", 1, withSpecials)).toBe(1);
  });

  test("o200k_harmony decodes 200018 as tiktoken 0.14 does, and has offsets for both names", () => {
    const harmony = tiktoken(packedRanks("o200k_base"), "o200k_harmony");
    expect(harmony.decode([200018])).toBe("<|endofprompt|>");
    for (const name of ["<|endofprompt|>", "<|reserved_200018|>"]) {
      const { ids, ends } = harmony.encodeWithOffsets(`${name}hi`, withSpecials);
      expect([ids[0], ...ends]).toEqual([200018, name.length, name.length + 2]);
    }
  });
});

describe("errors", () => {
  const cl100k = tokenizerOf("cl100k_base");

  test("an array that is too short, or too narrow", () => {
    expect(() => cl100k.encodeInto("one two three", new Int32Array(2))).toThrow(
      "encodeInto: 3 ids do not fit an array of 2; count tells how many there are",
    );
    expect(() => cl100k.encodeInto("a", new Uint16Array(9))).toThrow("pass a Uint32Array");
  });

  test("ids that no token has", () => {
    for (const id of [-1, 1.5, Number.NaN, 100_256, 100_277, 2 ** 40])
      expect(() => cl100k.decode([1, id])).toThrow(
        `id ${id} at position 1 is not in the vocabulary`,
      );
  });

  test("a disallowed special token in a stream is told where it is in all of the text", () => {
    const encoder = cl100k.encoder();
    expect(() => {
      for (const part of ["Some text before. ", "And then <|endof", "text|> comes."])
        encoder.push(part);
      encoder.flush();
    }).toThrow('the special token "<|endoftext|>" at position 27');
  });

  test("it is told at once, and where one goes on over the end of an allowed one", () => {
    const many = cl100k.encoder();
    expect(() => many.push("<|endoftext|>".repeat(2))).toThrow("at position 0");
    const encoder = trained.encoder({
      allowedSpecial: ["<|end|>"],
      disallowedSpecial: ["|>end"],
    });
    encoder.push("x<|end|>");
    expect(() => encoder.push("end")).toThrow('the special token "|>end" at position 6');
  });

  test.each(kinds)("after an error the encoder of $kind begins a new text", ({ of }) => {
    const tokenizer = of("a text");
    const bad = tokenizer.kind === "characters" ? "\u{1f600}" : [...tokenizer.specials.keys()][0];
    if (bad === undefined) return; // bytes take any text
    for (const parts of [[bad], ["a te", bad], ["a ", bad.slice(0, 1), bad.slice(1)]]) {
      const encoder = tokenizer.encoder();
      const position = parts.join("").indexOf(bad);
      const send = () => {
        for (const part of parts) encoder.push(part);
        encoder.flush();
      };
      for (let again = 0; again < 2; again++) {
        expect(send).toThrow(`at position ${position}`);
        expect([...encoder.push("a text"), ...encoder.flush()]).toEqual([
          ...tokenizer.encode("a text"),
        ]);
      }
    }
  });

  test("a stream of specials lets their ids go", () => {
    const encoder = trained.encoder(withSpecials);
    const given = Array.from({ length: 200 }, () => encoder.push("<|end|>").length);
    expect(given).toEqual(Array(200).fill(1));
    // "<|end|>" could have gone on as nothing else; "end of i" still may.
    expect([...encoder.push("<|end|>end of i")]).toEqual([trained.id("<|end|>")]);
    expect([...encoder.flush()]).toEqual([...trained.encode("end of i")]);
  });

  test("a stream without an end of a piece stops before memory does", () => {
    const encoder = cl100k.encoder();
    let given = 0;
    expect(() => {
      for (const part = "a".repeat(2 ** 22); given < 2 ** 26; given += part.length)
        encoder.push(part);
    }).toThrow("without a place where a token must end");
    expect(given).toBeLessThanOrEqual(2 ** 25);
  });

  test("the limit itself is within it", () => {
    expect(cl100k.isWithin("word ".repeat(99), 100)).toBe(100);
    expect(cl100k.isWithin("word ".repeat(100), 100)).toBe(false);
  });
});
