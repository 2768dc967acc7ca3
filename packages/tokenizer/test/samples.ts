import fc from "fast-check";

/** The same cases on every run. */
export const runs = { seed: 20, numRuns: 300 };

/** Text in English with contractions, numbers and layout. */
export const STORY = `Nora found a small key under the old oak tree. "What's this?" she asked.
"It's a key," said her brother, "and I'll bet it opens the blue door." They'd looked for it in 1987 and in 2004.

    We've got it!  You're sure?   I'm sure -- there were 12 cups and a clock that didn't tick...
`;

/** Text whose characters take one to four bytes. */
export const SCRIPTS =
  "Größe naïve Съешь ещё этих булок 日本語の文章です 안녕하세요 नमस्ते ٣٤٥ 😀😃 👩‍👩‍👧 e\u0301 \ufeff\u00a0\u0085\u2028";

const frequent = fc.constantFrom(
  ..."abcdest'  \n\t0123.,!-<|>",
  "é",
  "ß",
  "日",
  "本",
  "ж",
  "٣",
  "😀",
  "👩",
  "\u200d",
  "\u0301",
  "\u00a0",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\0",
  "\ufffd",
);

/** Strings without lone surrogates: any code points, and mixes in which words, numbers and blanks form. */
export const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: frequent, maxLength: 80 }),
);

/** Strings of any UTF-16 units. */
export const anyString = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })), {
    maxLength: 40,
  })
  .map((units) => String.fromCharCode(...units));

/** Any bytes, and bytes of which UTF-8 is made, so that broken sequences of every kind come up. */
export const anyBytes = fc.uint8Array({ maxLength: 40 }).chain((bytes) =>
  fc.constantFrom(
    bytes,
    bytes.map(
      (b) =>
        [0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xa0, 0xed, 0xef, 0xf0, 0x90, 0xf4, 0xff][b % 13]!,
    ),
  ),
);

/** What a lone surrogate becomes. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** Every string over `alphabet` of at most `length` of its members. */
export function* strings(alphabet: readonly string[], length: number): Generator<string> {
  yield "";
  if (length > 0)
    for (const rest of strings(alphabet, length - 1)) for (const c of alphabet) yield c + rest;
}
