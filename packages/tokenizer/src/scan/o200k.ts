import {
  before,
  CASELESS,
  classAt,
  LETTER,
  LOWER,
  lengthOf,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  run,
  type Scanner,
  UPPER,
} from "./classes.ts";
import { BLANK, contraction, numbers, whiteSpace } from "./common.ts";

const HEAD = UPPER | CASELESS | MARK; // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
const BODY = LOWER | CASELESS | MARK; // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
const SLASH = 0x2f;

/**
 * `HEAD*BODY+` at `i`, or `i` where there is none: the run of heads, then of bodies; without a body after it the run
 * goes back to its last character that is a body too.
 */
function word(bytes: Uint8Array, i: number, end: number): number {
  const heads = run(bytes, i, end, HEAD);
  const bodies = run(bytes, heads, end, BODY);
  if (bodies > heads) return bodies;
  for (let at = heads; at > i; ) {
    const last = before(bytes, at);
    if (classAt(bytes, last) & BODY) return at;
    at = last;
  }
  return i;
}

/** A word at `i`, in upper or lower case, with one character of another class before it or none; `i` for none. */
function words(bytes: Uint8Array, i: number, end: number, found: number): number {
  const next = i + lengthOf(bytes[i]!);
  const leads = found & (LETTER | NEWLINE | NUMBER) ? false : next < end;
  // Bodies in both places before heads alone in either: the order of the pattern's alternatives.
  if (leads) {
    const after = word(bytes, next, end);
    if (after > next) return after;
  }
  const after = word(bytes, i, end);
  if (after > i) return after;
  if (leads) {
    const heads = run(bytes, next, end, HEAD);
    if (heads > next) return heads;
  }
  return run(bytes, i, end, HEAD);
}

/**
 * o200k's pattern, eight alternatives:
 * `[^\r\n\p{L}\p{N}]?HEAD*BODY+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`, the same with `HEAD+BODY*`, `\p{N}{1,3}`,
 * ` ?[^\s\p{L}\p{N}]+[\r\n/]*`, `\s*[\r\n]+`, `\s+(?!\S)`, `\s+`
 * https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py
 */
export const o200k: Scanner = (bytes, start, end) => {
  const found = classAt(bytes, start);
  if (found === NUMBER) return numbers(bytes, start, end, 3);
  if (found !== NEWLINE) {
    const after = words(bytes, start, end, found);
    if (after > start) return contraction(bytes, after, end);
  }
  const from = bytes[start] === BLANK ? start + 1 : start;
  if (from < end && classAt(bytes, from) & (OTHER | MARK)) {
    let at = run(bytes, from, end, OTHER | MARK);
    while (at < end && (bytes[at] === SLASH || classAt(bytes, at) === NEWLINE)) at++;
    return at;
  }
  return whiteSpace(bytes, start, end, true, false);
};
