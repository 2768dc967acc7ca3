import { fromByteLevel } from "./byte-level.ts";
import { SpecialTokenError } from "./errors.ts";
import type { Pretokenizer } from "./pretokenizer.ts";
import type { EncodeOptions, OffsetOptions } from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Why `content` cannot be a special token, or undefined when it can. */
export function contentProblem(content: string): string | undefined {
  if (content === "") return "is empty";
  return /\p{Surrogate}/u.test(content)
    ? "holds a lone surrogate, which UTF-8 cannot write"
    : undefined;
}

/** Why `content` cannot be a special token of a byte-level vocabulary, or undefined when it can. */
export function specialProblem(content: string): string | undefined {
  const problem = contentProblem(content);
  if (problem) return problem;
  if (!fromByteLevel(content)) return undefined;
  // Vocabularies are keyed by byte-level characters: "é" there is the byte E9, and "Ġthe" is " the".
  if (content.length === 1) return "is one byte in a byte-level vocabulary";
  if (!/^[!-~]*$/.test(content)) return "reads as other bytes in a byte-level vocabulary";
  return undefined;
}

/** Whether merges could make `content` out of ordinary text, which must not become a special token. */
export function couldBeLearned(content: string, { scanners }: Pretokenizer): boolean {
  const bytes = encodeUtf8(content);
  return (
    fromByteLevel(content) !== undefined &&
    scanners.every((scan) => scan(bytes, 0, bytes.length, 0) === bytes.length)
  );
}

/** Finds the strings of a set: leftmost first, and the longest where two share a start. */
export class Finder {
  readonly #byFirst = new Map<number, string[]>();
  readonly #firsts: RegExp | undefined;
  readonly #longest: number;

  constructor(contents: Iterable<string>) {
    const sorted = [...contents].sort((a, b) => b.length - a.length);
    this.#longest = sorted[0]?.length ?? 0;
    for (const content of sorted) {
      if (content === "") continue;
      const first = content.charCodeAt(0);
      const group = this.#byFirst.get(first);
      if (group) group.push(content);
      else this.#byFirst.set(first, [content]);
    }
    const units = [...this.#byFirst.keys()].map(
      (unit) => `\\u${unit.toString(16).padStart(4, "0")}`,
    );
    if (units.length > 0) this.#firsts = new RegExp(`[${units.join("")}]`, "g");
  }

  /** `wanted`: whether it may be in `[start, end)`; undefined: anywhere. */
  next(
    text: string,
    from: number,
    wanted?: (start: number, end: number, content: string) => boolean,
  ): { readonly content: string; readonly index: number } | undefined {
    const firsts = this.#firsts;
    if (!firsts) return undefined;
    firsts.lastIndex = from;
    for (let match = firsts.exec(text); match; match = firsts.exec(text)) {
      const { index } = match;
      const group = this.#byFirst.get(text.charCodeAt(index));
      const content = group?.find(
        (one) => text.startsWith(one, index) && (!wanted || wanted(index, index + one.length, one)),
      );
      if (content !== undefined) return { content, index };
    }
    return undefined;
  }

  /** Throws {@link SpecialTokenError} at the first in `text`, before which `passed` UTF-16 units were. */
  refuse(text: string, passed = 0): void {
    const found = this.next(text, 0);
    if (found) throw new SpecialTokenError(found.content, passed + found.index);
  }

  /** Where the first begins that `text` ends inside of, or else its length. */
  open(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at++) {
      const rest = text.slice(at);
      const group = this.#byFirst.get(text.charCodeAt(at));
      if (group?.some((one) => one !== rest && one.startsWith(rest))) return at;
    }
    return text.length;
  }
}

/** Text without specials, `text[start, end)`, and the id of the special after it, if there is one. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly special: number | undefined;
}

/** The specials that options allow; undefined: all. */
export const allowedIn = ({
  allowedSpecial = [],
}: EncodeOptions = {}): ReadonlySet<string> | undefined =>
  allowedSpecial === "all" ? undefined : new Set(allowedSpecial);

/** The special tokens of a vocabulary, and where they are in text. */
export class Specials {
  readonly #all: Finder;

  constructor(readonly ids: ReadonlyMap<string, number>) {
    this.#all = new Finder(ids.keys());
  }

  /** Finds those that are an error. */
  disallowed(options: EncodeOptions = {}): Finder {
    const { disallowedSpecial = "all" } = options;
    if (disallowedSpecial !== "all") return new Finder(disallowedSpecial);
    const allowed = allowedIn(options);
    if (allowed?.size === 0) return this.#all;
    return this.#some((content) => allowed?.has(content) === false);
  }

  /** Finds those that become their ids. */
  allowed(options?: EncodeOptions): Finder {
    const allowed = allowedIn(options);
    return allowed ? this.#some((content) => allowed.has(content)) : this.#all;
  }

  /** Cuts `text` at the allowed specials. Throws {@link SpecialTokenError} at the first that is an error. */
  *segments(text: string, options?: OffsetOptions): Generator<Segment> {
    this.disallowed(options).refuse(text);
    const finder = this.allowed(options);
    const next = () => finder.next(text, start, options?.specialAt);
    let start = 0;
    for (let found = next(); found; found = next()) {
      yield { start, end: found.index, special: this.ids.get(found.content) };
      start = found.index + found.content.length;
    }
    yield { start, end: text.length, special: undefined };
  }

  #some(keep: (content: string) => boolean): Finder {
    return new Finder([...this.ids.keys()].filter(keep));
  }
}
