import { classAt, LETTER, MARK, NUMBER, OTHER, run, type Scanner } from "./classes.ts";
import { APOSTROPHE, BLANK, whiteSpace } from "./common.ts";

/** The end of 's 't 'm 'd 're 've 'll at `i`, in lower case only, or `i`. */
function contraction(bytes: Uint8Array, i: number, end: number): number {
  if (i + 1 >= end) return i;
  const a = bytes[i + 1];
  if (a === 0x73 || a === 0x74 || a === 0x6d || a === 0x64) return i + 2; // s t m d
  if (i + 2 >= end) return i;
  const b = bytes[i + 2];
  if (b === 0x65) return a === 0x72 || a === 0x76 ? i + 3 : i; // re ve
  return a === 0x6c && b === 0x6c ? i + 3 : i; // ll
}

/**
 * GPT-2's pattern, also r50k's and p50k's.
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 * https://github.com/openai/gpt-2/blob/master/src/encoder.py
 */
export const gpt2 = ((bytes, start, end) => {
  const first = bytes[start]!;
  if (first === APOSTROPHE) {
    const after = contraction(bytes, start, end);
    if (after > start) return after;
  }
  const from = first === BLANK ? start + 1 : start;
  if (from < end) {
    const found = classAt(bytes, from);
    if (found & LETTER) return run(bytes, from, end, LETTER);
    if (found === NUMBER) return run(bytes, from, end, NUMBER);
    if (found & (OTHER | MARK)) return run(bytes, from, end, OTHER | MARK);
  }
  return whiteSpace(bytes, start, end, false, false);
}) satisfies Scanner;
