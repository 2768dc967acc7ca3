import { fromByteLevel } from "./byte-level.ts";
import { SpecialTokenError } from "./errors.ts";
import { gpt2 } from "./pretokenize.ts";
import type { EncodeOptions } from "./tokenizer.ts";

/** Why `content` cannot be a special token of a byte-level vocabulary, or undefined when it can. */
export function specialProblem(content: string): string | undefined {
  if (content === "") return "is empty";
  if (/\p{Surrogate}/u.test(content)) return "holds a lone surrogate, which UTF-8 cannot write";
  if (!fromByteLevel(content)) return undefined;
  // Vocabularies are keyed by byte-level characters: "é" there is the byte E9, and "Ġthe" is " the".
  if (content.length === 1) return "is one byte in a byte-level vocabulary";
  if (!/^[!-~]*$/.test(content)) return "reads as other bytes in a byte-level vocabulary";
  return undefined;
}

/** Whether merges could make `content` out of ordinary text, which must not become a special token. */
export const couldBeLearned = (content: string): boolean =>
  fromByteLevel(content) !== undefined && gpt2(content, 0, content.length) === content.length;

/** Finds the strings of a set: leftmost first, and the longest where two share a start. */
class Finder {
  readonly #pattern: RegExp | undefined;

  constructor(contents: Iterable<string>) {
    const literals = [...contents]
      .filter((content) => content !== "")
      .sort((a, b) => b.length - a.length)
      .map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    if (literals.length > 0) this.#pattern = new RegExp(literals.join("|"), "g");
  }

  next(
    text: string,
    from: number,
  ): { readonly content: string; readonly index: number } | undefined {
    if (!this.#pattern) return undefined;
    this.#pattern.lastIndex = from;
    const match = this.#pattern.exec(text);
    return match ? { content: match[0], index: match.index } : undefined;
  }
}

/** Text without specials, `text[start, end)`, and the id of the special after it, if there is one. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly special: number | undefined;
}

/** Cuts `text` at the allowed specials. Throws {@link SpecialTokenError} at the first disallowed one. */
export function* segments(
  text: string,
  specials: ReadonlyMap<string, number>,
  { allowedSpecial = [], disallowedSpecial = "all" }: EncodeOptions = {},
): Generator<Segment> {
  const listed = new Set(allowedSpecial === "all" ? specials.keys() : allowedSpecial);
  const allowed = [...specials.keys()].filter((content) => listed.has(content));
  const disallowed =
    disallowedSpecial === "all"
      ? [...specials.keys()].filter((content) => !listed.has(content))
      : disallowedSpecial;

  const offence = new Finder(disallowed).next(text, 0);
  if (offence) throw new SpecialTokenError(offence.content, offence.index);

  const finder = new Finder(allowed);
  let start = 0;
  for (let found = finder.next(text, 0); found; found = finder.next(text, start)) {
    yield { start, end: found.index, special: specials.get(found.content)! };
    start = found.index + found.content.length;
  }
  yield { start, end: text.length, special: undefined };
}
