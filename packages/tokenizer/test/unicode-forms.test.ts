import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { unicodeForm } from "../src/huggingface/unicode-forms.ts";
import { runs } from "./samples.ts";

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"] as const;
const PLACE = { start: true, continued: false };

/** SHA-256 of what Hugging Face makes of all characters; see tooling/fixtures/tokenizer_families.py. */
const digests = JSON.parse(
  readFileSync(new URL("fixtures/unicode-forms.json", import.meta.url), "utf8"),
);

test.each(FORMS)("%s of every character is Hugging Face's", (form) => {
  const { apply } = unicodeForm(form);
  const hash = createHash("sha256");
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    hash.update(apply(`${character} a\u0345${character}\u0301`, PLACE));
  }
  expect(hash.digest("hex")).toBe(digests[form]);
});

const marks = fc.constantFrom(
  ..."ae\u0301\u0323\u0307\u0344\u0345\u0327\u0958\u212b\ufb01",
  ..."\u1100\u1161\u11a8\uac00\u09c7\u09be\u0b92\u0bd7\u0f43\u3099\u304b",
  "\u{1d15e}",
  "\u{11935}",
  "\u{11930}",
  "\ufdfa",
);

test.each(FORMS)("%s with sources is the same text", (form) => {
  const { apply, trace } = unicodeForm(form);
  fc.assert(
    fc.property(fc.string({ unit: marks, maxLength: 12 }), (text) => {
      const characters = [...text];
      const traced = trace(characters, PLACE);
      expect(traced?.characters.join("") ?? text).toBe(apply(text, PLACE));
      for (const at of traced?.sources ?? []) expect(characters[at]).toBeTypeOf("string");
    }),
    { ...runs, numRuns: 1000 },
  );
});
