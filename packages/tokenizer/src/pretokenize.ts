import { characterClass, LETTER, NUMBER, OTHER, SPACE } from "./unicode.ts";

/**
 * Cuts text into the pieces within which BPE merges. Returns where the piece that begins at `start` ends, reading only
 * `text[start, end)`, whose end counts as the end of the text. Indices are UTF-16 units; `start < end`.
 */
export type Pretokenizer = (text: string, start: number, end: number) => number;

const APOSTROPHE = 0x27;
const BLANK = 0x20;

/** The index after 's 't 'm 'd 're 've 'll at `start`, or `start` when none is there. */
function contraction(text: string, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const a = text[start + 1]!;
  if (a === "s" || a === "t" || a === "m" || a === "d") return start + 2;
  if (start + 2 >= end) return start;
  const two = a + text[start + 2]!;
  return two === "re" || two === "ve" || two === "ll" ? start + 3 : start;
}

/** The end of the longest run of one class that begins at `start`. */
function run(text: string, start: number, end: number, wanted: number): number {
  let i = start;
  while (i < end) {
    const codePoint = text.codePointAt(i)!;
    if (characterClass(codePoint) !== wanted) break;
    i += codePoint > 0xffff ? 2 : 1;
  }
  return i;
}

/**
 * GPT-2's pattern, written out by hand: linear in the text, and free of JavaScript's own idea of `\s`.
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 * https://github.com/openai/gpt-2/blob/master/src/encoder.py
 */
export const gpt2: Pretokenizer = (text, start, end) => {
  const first = text.charCodeAt(start);
  if (first === APOSTROPHE) {
    const after = contraction(text, start, end);
    if (after > start) return after;
  }
  const from = first === BLANK ? start + 1 : start;
  if (from < end) {
    const found = characterClass(text.codePointAt(from)!);
    if (found === LETTER || found === NUMBER || found === OTHER) return run(text, from, end, found);
  }
  // White space. Before a word it leaves its last character to that word; all of White_Space is one UTF-16 unit.
  const after = run(text, start, end, SPACE);
  return after < end && after - start > 1 ? after - 1 : after;
};
