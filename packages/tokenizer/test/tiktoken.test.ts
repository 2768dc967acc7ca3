import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tiktoken, writeTiktoken } from "../src/index.ts";
import { NAMES, oracleOf, packedRanks, tokenizerOf } from "./oracles.ts";
import { anyString, SCRIPTS, STORY, text } from "./samples.ts";

const plain = { disallowedSpecial: [] } as const;

const NAMED: readonly string[] = [
  ...[
    "",
    " ",
    "\n ",
    "  \n  \n x",
    "tail   ",
    "\r\n\r\n",
    "\t\tx",
    "a\u0085b",
    "\u0085 ",
    "x\u001c\u001d\u001e\u001fy",
  ],
  ...["it'ſabc", "IT'S I'LL we'RE don''t 'S's", "\u212a\u212b'\u212a", "'ſ", "a'"],
  ...[
    "\ufeffBOM",
    "a\ufeffb\ufeff",
    "zero\u200bwidth",
    "line\u2028sep\u2029par",
    "nbsp\u00a0\u00a0x",
    "\u3000wide",
  ],
  ...[
    "ABC中DEF",
    "ABC中DEFg",
    "ǅabc ʰx ªº",
    "e\u0301 \u0301x n\u0303\u0303",
    "हिन्दी ক্ষ",
    "٣٤٥٦ ½⅓ Ⅷ 𝟘𝟙",
  ],
  ...[
    "👩‍👩‍👧‍👦👍🏽🇩🇪🇯🇵",
    "😀".repeat(30),
    "\ud800",
    "a\udc00b\ud83d",
    "\0\0a\0",
    "\ue000\u{10ffff}\u0378\u{e0100}",
  ],
  ...[
    "//a/\n/b\r\n//",
    "!?\n\n/x",
    "1234567",
    " 12 345",
    "a  b   c    d",
    "if (x) {\n\treturn y;\n}\n",
  ],
];

const shakespeare = fileURLToPath(
  new URL("../../../../shared/data/tinyshakespeare.txt", import.meta.url),
);

describe.each(NAMES)("%s", (name) => {
  const tokenizer = tokenizerOf(name);
  const oracle = oracleOf(name);
  const check = (sample: string): void => {
    const ids = tokenizer.encode(sample, plain);
    const wanted = oracle.encode(sample, [], []);
    // Of two arrays that agree nothing need be said: an assertion for each would take longer than the encoding.
    if (ids.length !== wanted.length || wanted.some((id, i) => ids[i] !== id))
      expect({ sample, ids: [...ids] }).toEqual({ sample, ids: [...wanted] });
  };

  test("named cases have tiktoken's ids", () => {
    for (const sample of [...NAMED, STORY, SCRIPTS, STORY + SCRIPTS]) check(sample);
    for (const a of NAMED) for (const b of NAMED) check(a + b);
  });

  test("every code point, alone and among letters, has tiktoken's ids", () => {
    const checkRange = (from: number, to: number) => {
      const all = Array.from({ length: to - from }, (_, i) => String.fromCodePoint(from + i));
      check(all.map((c) => `a${c}b ${c}1`).join(" "));
    };
    for (let from = 0; from < 0x110000; from += 4096) checkRange(from, from + 4096);
  }, 120_000);

  test("100,000 random strings have tiktoken's ids", () => {
    fc.assert(fc.property(fc.oneof(text, anyString), check), { seed: 6, numRuns: 100_000 });
    expect(tokenizer.decode(tokenizer.encode(STORY))).toBe(STORY);
  }, 240_000);

  test("source code has tiktoken's ids", () => {
    for (const file of ["../src/bpe.ts", "../src/train.ts", "./scan.test.ts", "../package.json"])
      check(readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf8"));
  });

  // Its text is not ours to ship: where it is not at hand there is one test less.
  if (existsSync(shakespeare))
    test("tinyshakespeare has tiktoken's ids", () => {
      check(readFileSync(shakespeare, "utf8"));
    });
  else console.log(`no ${shakespeare}: tinyshakespeare is not compared`);

  test("specials at any position have tiktoken's ids", () => {
    const specials = [...tokenizer.specials.keys()];
    const part = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...specials) }, text);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.subarray(specials), (parts, allowed) => {
        const sample = parts.join("");
        const ids = tokenizer.encode(sample, { allowedSpecial: allowed, disallowedSpecial: [] });
        expect([...ids]).toEqual([...oracle.encode(sample, allowed, [])]);
      }),
      { seed: 7, numRuns: 2000 },
    );
    for (const special of specials)
      expect(() => tokenizer.encode(`x ${special}`)).toThrow(
        `holds the special token ${JSON.stringify(special)} at position 2`,
      );
  });

  test("decoding gives tiktoken's bytes, for any ids", () => {
    const id = fc
      .integer({ min: 0, max: tokenizer.size - 1 })
      .filter((id) => !tokenizer.model.vocabulary.holes.has(id));
    fc.assert(
      fc.property(fc.array(id, { maxLength: 20 }), (ids) => {
        expect(tokenizer.decodeBytes(ids)).toEqual(
          new Uint8Array(oracle.decode(Uint32Array.from(ids))),
        );
      }),
      { seed: 8, numRuns: 2000 },
    );
  });

  test("ranks travel as .tiktoken files", () => {
    const file = writeTiktoken(tokenizer);
    const again = tiktoken(new TextEncoder().encode(file), name);
    expect(writeTiktoken(again)).toBe(file);
    expect([...again.encode(STORY)]).toEqual([...tokenizer.encode(STORY)]);
    // https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py
    const published: Partial<Record<string, string>> = {
      r50k_base: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
      p50k_edit: "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
      cl100k_base: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
      o200k_base: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    };
    expect(createHash("sha256").update(file).digest("hex")).toBe(published[name]);
    expect(packedRanks(name).startsWith("! 0 ")).toBe(true);
  });
});
