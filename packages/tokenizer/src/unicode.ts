import { fromRuns } from "./runs.ts";
import { GENERAL_CATEGORIES } from "./unicode-16.ts";

/**
 * The character classes that pre-tokenization depends on, of one version of Unicode for every engine: a token's id must
 * not depend on the browser. 16.0 is what tiktoken 0.14 and Hugging Face tokenizers 0.23 have.
 */

/** General categories as bits of their own: `CATEGORIES.indexOf("Lu")`. */
export const CATEGORIES: readonly string[] =
  /* @__PURE__ */ "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split(
    " ",
  );

export const CODE_POINTS = 0x110000;

/** A letter for each of {@link CATEGORIES} in the runs of unicode-16.ts. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%";

let categories: Uint8Array | undefined;

/** The index in {@link CATEGORIES} of each code point. */
export function generalCategories(): Uint8Array {
  categories ??= fromRuns(GENERAL_CATEGORIES, LETTERS);
  return categories;
}

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

/** The Unicode scalar value at `index` of `text`: a lone surrogate reads as U+FFFD. */
export function scalarAt(text: string, index: number): number {
  const codePoint = text.codePointAt(index)!;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}
