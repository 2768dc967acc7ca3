/**
 * The character classes that pre-tokenization depends on. \p{L} and \p{N} are those of the running engine, and differ
 * between Unicode versions by newly assigned code points only.
 */

const LETTERS = /^\p{L}/u;
const NUMBERS = /^\p{N}/u;

/** General category L. */
export const isLetter = (codePoint: number): boolean =>
  LETTERS.test(String.fromCodePoint(codePoint));

/** General category N. */
export const isNumber = (codePoint: number): boolean =>
  NUMBERS.test(String.fromCodePoint(codePoint));

/**
 * Property White_Space (25 code points), which is what `\s` means in Rust and Python. `\s` in JavaScript is another
 * set: it has U+FEFF and lacks U+0085. https://www.unicode.org/Public/16.0.0/ucd/PropList.txt
 */
export const isWhiteSpace = (codePoint: number): boolean =>
  (codePoint >= 0x09 && codePoint <= 0x0d) ||
  codePoint === 0x20 ||
  codePoint === 0x85 ||
  codePoint === 0xa0 ||
  codePoint === 0x1680 ||
  (codePoint >= 0x2000 && codePoint <= 0x200a) ||
  codePoint === 0x2028 ||
  codePoint === 0x2029 ||
  codePoint === 0x202f ||
  codePoint === 0x205f ||
  codePoint === 0x3000;

export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;
export const OTHER = 4;

/** One of LETTER, NUMBER, SPACE, OTHER. */
export type CharacterClass = typeof LETTER | typeof NUMBER | typeof SPACE | typeof OTHER;

function classify(codePoint: number): CharacterClass {
  if (isWhiteSpace(codePoint)) return SPACE;
  if (isLetter(codePoint)) return LETTER;
  return isNumber(codePoint) ? NUMBER : OTHER;
}

let known: Uint8Array | undefined; // class of each code point below 0x10000, 0 until it is asked for

/** Code point → its class. A lone surrogate is OTHER, as U+FFFD is. */
export function characterClass(codePoint: number): CharacterClass {
  if (codePoint > 0xffff) return classify(codePoint);
  known ??= new Uint8Array(0x10000);
  if (known[codePoint] === 0) known[codePoint] = classify(codePoint);
  return known[codePoint] as CharacterClass;
}

/** The Unicode scalar value at `index` of `text`: a lone surrogate reads as U+FFFD. */
export function scalarAt(text: string, index: number): number {
  const codePoint = text.codePointAt(index)!;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}
