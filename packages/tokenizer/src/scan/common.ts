import { before, classAt, lengthOf, NUMBER, run, WHITE_SPACE } from "./classes.ts";

export const APOSTROPHE = 0x27;
export const BLANK = 0x20;

const LOWER_CASE = 0x20;

/**
 * The end of `'s 't 'm 'd 're 've 'll` at `i`, in any case, or `i`. ſ (U+017F) is an s too, by Unicode's simple case
 * folding.
 */
export function contraction(bytes: Uint8Array, i: number, end: number): number {
  if (i + 1 >= end || bytes[i] !== APOSTROPHE) return i;
  const a = bytes[i + 1]! | LOWER_CASE;
  if (a === 0x73 || a === 0x74 || a === 0x6d || a === 0x64) return i + 2; // s t m d
  if (i + 2 >= end) return i;
  if (bytes[i + 1] === 0xc5 && bytes[i + 2] === 0xbf) return i + 3; // ſ
  const b = bytes[i + 2]! | LOWER_CASE;
  if (b === 0x65) return a === 0x72 || a === 0x76 ? i + 3 : i; // re ve
  return a === 0x6c && b === 0x6c ? i + 3 : i; // ll
}

/** The end of at most `most` numbers from `i`. */
export function numbers(bytes: Uint8Array, i: number, end: number, most: number): number {
  let at = i;
  for (let n = 0; n < most && at < end && classAt(bytes, at) === NUMBER; n++)
    at += lengthOf(bytes[at]!);
  return at;
}

/**
 * `\s+(?!\S)|\s+`, and before them `\s*[\r\n]+` where `lines`, and `\s+$` where `tail`: white space at `i` goes up to
 * its last newline, or leaves its last character to the word that follows.
 */
export function whiteSpace(
  bytes: Uint8Array,
  i: number,
  end: number,
  lines: boolean,
  tail: boolean,
): number {
  const after = run(bytes, i, end, WHITE_SPACE);
  if (after === end && tail) return end;
  if (lines)
    for (let at = after; at > i; at--)
      if (bytes[at - 1] === 0x0a || bytes[at - 1] === 0x0d) return at;
  if (after === end) return end;
  const last = before(bytes, after);
  return last > i ? last : after;
}
