import {
  classAt,
  LETTER,
  lengthOf,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  run,
  type Scanner,
} from "./classes.ts";
import { APOSTROPHE, BLANK, contraction, numbers, whiteSpace } from "./common.ts";

/** What differs among the patterns of cl100k's kind. */
export interface Cl100kOptions {
  /** Digits of one piece: 3 for cl100k and Llama 3, 1 for Qwen 2 and 3. */
  readonly digits: number;
  /** Whether white space at the end of the text is one piece, newlines in it or not, as in tiktoken's own text. */
  readonly tail: boolean;
}

/**
 * cl100k's pattern: `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|`
 * `\s*[\r\n]|\s+(?!\S)|\s`, https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py
 */
export const cl100k =
  ({ digits, tail }: Cl100kOptions): Scanner =>
  (bytes, start, end) => {
    const first = bytes[start]!;
    if (first === APOSTROPHE) {
      const after = contraction(bytes, start, end);
      if (after > start) return after;
    }
    const found = classAt(bytes, start);
    if (found & LETTER) return run(bytes, start, end, LETTER);
    if (found === NUMBER) return numbers(bytes, start, end, digits);
    const next = start + lengthOf(first);
    // One character of another class may lead a word.
    if (found !== NEWLINE && next < end && classAt(bytes, next) & LETTER)
      return run(bytes, next, end, LETTER);
    if (
      found & (OTHER | MARK) ||
      (first === BLANK && next < end && classAt(bytes, next) & (OTHER | MARK))
    )
      return run(bytes, run(bytes, next, end, OTHER | MARK), end, NEWLINE);
    return whiteSpace(bytes, start, end, true, tail);
  };
