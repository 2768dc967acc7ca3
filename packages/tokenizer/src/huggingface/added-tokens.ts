import { TokenizerFormatError } from "../errors.ts";
import { array, describe, id, object } from "../fields.ts";
import { allowedIn, Finder, Specials } from "../specials.ts";
import type { EncodeOptions, OffsetOptions } from "../tokenizer.ts";
import { CATEGORIES, generalCategories, isWhiteSpace, scalarAt } from "../unicode.ts";
import type { Normalizer } from "./normalizer.ts";
import { flag, words } from "./part.ts";

/** One of a file's `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** What it is in text: its content, normalized where that is asked for. */
  readonly pattern: string;
  readonly special: boolean;
  /** Whether it is found in normalized text. */
  readonly normalized: boolean;
  /** Whether it takes the white space before and after it. */
  readonly leftBlanks: boolean;
  readonly rightBlanks: boolean;
  /** Whether it is only found between characters that are no part of words. */
  readonly singleWord: boolean;
}

/** The `added_tokens` of a tokenizer.json. Throws TokenizerFormatError. */
export function readAddedTokens(
  value: unknown,
  normalizer: Normalizer | undefined,
): readonly AddedToken[] {
  const [contents, patterns] = [new Set<string>(), new Set<string>()];
  return array(value ?? [], "added_tokens").map((item, i) => {
    const path = `added_tokens[${i}]`;
    const fields = object(item, path);
    const content = words(fields, "content", path);
    const normalized = flag(fields, "normalized", path, false);
    const pattern =
      normalized && normalizer
        ? normalizer.apply(content, { start: true, continued: false })
        : content;
    const key = `${normalized}${pattern}`;
    if (contents.has(content) || patterns.has(key))
      throw new TokenizerFormatError(`${path}.content`, `${describe(content)} is there twice`);
    if (pattern === "")
      throw new TokenizerFormatError(`${path}.content`, "is nothing when it is normalized");
    contents.add(content);
    patterns.add(key);
    return {
      id: id(fields.id, `${path}.id`),
      content,
      pattern,
      normalized,
      special: flag(fields, "special", path, false),
      leftBlanks: flag(fields, "lstrip", path, false),
      rightBlanks: flag(fields, "rstrip", path, false),
      singleWord: flag(fields, "single_word", path, false),
    };
  });
}

/** Text `[start, end)`: an added token, or text between them. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

const WORD = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"];

/** `\w` of Rust's regex: Alphabetic, M, Nd, Pc and Join_Control. The alphabetic of So are circled letters. */
function isWord(codePoint: number): boolean {
  const within = (first: number, last: number) => codePoint >= first && codePoint <= last;
  return (
    WORD.includes(CATEGORIES[generalCategories()[codePoint]!]!) ||
    within(0x24b6, 0x24e9) ||
    within(0x1f130, 0x1f149) ||
    within(0x1f150, 0x1f169) ||
    within(0x1f170, 0x1f189) ||
    within(0x200c, 0x200d)
  );
}

/** Whether `text[start, end)` stands between characters that are no part of words. */
function isSingleWord(text: string, start: number, end: number): boolean {
  const pair = start > 1 && text.codePointAt(start - 2)! > 0xffff;
  if (start > 0 && isWord(scalarAt(text, start - (pair ? 2 : 1)))) return false;
  return end === text.length || !isWord(scalarAt(text, end));
}

/** `tokens`: by pattern. */
function* cut(
  text: string,
  finder: Finder,
  tokens: ReadonlyMap<string, AddedToken>,
  specialAt: OffsetOptions["specialAt"],
): Generator<Segment> {
  const wanted =
    specialAt &&
    ((start: number, end: number, pattern: string) =>
      !tokens.get(pattern)?.special || specialAt(start, end));
  let from = 0;
  for (let found = finder.next(text, 0, wanted); found; ) {
    const token = tokens.get(found.content)!;
    let start = found.index;
    let end = start + found.content.length;
    // Blanks that a token takes are searched for the next all the same, as in Hugging Face.
    const after = finder.next(text, end, wanted);
    found = after;
    if (token.singleWord && !isSingleWord(text, start, end)) continue;
    if (token.leftBlanks) {
      while (start > from && isWhiteSpace(text.charCodeAt(start - 1))) start--;
      start = Math.max(start, from);
    }
    if (token.rightBlanks) while (isWhiteSpace(text.charCodeAt(end))) end++;
    if (from < start) yield { start: from, end: start, token: undefined };
    yield { start, end, token };
    from = end;
  }
  if (from < text.length) yield { start: from, end: text.length, token: undefined };
}

/** Looks for tokens of one kind. */
export class Search {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #finder: Finder;
  readonly #ends: Finder;

  /** `tokens`: by pattern; `finder` finds some of them. */
  constructor(tokens: ReadonlyMap<string, AddedToken>, finder: Finder) {
    this.#tokens = tokens;
    this.#finder = finder;
    // What is a word by itself depends on one character more.
    this.#ends = [...tokens.values()].some(({ singleWord }) => singleWord)
      ? new Finder([...tokens.keys()].map((pattern) => `${pattern}\uffff`))
      : finder;
  }

  /** Cuts text at them; at specials only where `specialAt` says. */
  cut(text: string, specialAt?: OffsetOptions["specialAt"]): Iterable<Segment> {
    if (this.#tokens.size > 0) return cut(text, this.#finder, this.#tokens, specialAt);
    return text === "" ? [] : [{ start: 0, end: text.length, token: undefined }];
  }

  /** Where the first begins of which the text after `text` decides, or else its length. */
  open(text: string): number {
    return this.#ends.open(text);
  }
}

/** Tokens of one kind, by pattern, and finders for them. */
class Patterns {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #all: Finder;
  readonly #ordinary: Finder;

  constructor(tokens: readonly AddedToken[]) {
    this.#tokens = new Map(tokens.map((token) => [token.pattern, token]));
    this.#all = new Finder(this.#tokens.keys());
    this.#ordinary = new Finder(this.#patterns(new Set()));
  }

  /** `allowed`: specials to find, all of them if undefined. */
  among(allowed: ReadonlySet<string> | undefined): Search {
    const some =
      allowed && (allowed.size === 0 ? this.#ordinary : new Finder(this.#patterns(allowed)));
    return new Search(this.#tokens, some ?? this.#all);
  }

  #patterns(allowed: ReadonlySet<string>): string[] {
    return [...this.#tokens.values()]
      .filter(({ special, content }) => !special || allowed.has(content))
      .map(({ pattern }) => pattern);
  }
}

/** The added tokens of a vocabulary, and where they are in text. */
export class AddedTokens {
  readonly specials: ReadonlyMap<string, number>;
  readonly ids: ReadonlyMap<string, number>;
  readonly #specials: Specials;
  readonly #raw: Patterns;
  readonly #normalized: Patterns;

  constructor(readonly tokens: readonly AddedToken[]) {
    const ids = (all: readonly AddedToken[]) =>
      new Map(all.map(({ content, id }) => [content, id]));
    this.ids = ids(tokens);
    this.specials = ids(tokens.filter(({ special }) => special));
    this.#specials = new Specials(this.specials);
    this.#raw = new Patterns(tokens.filter(({ normalized }) => !normalized));
    this.#normalized = new Patterns(tokens.filter(({ normalized }) => normalized));
  }

  /** Throws SpecialTokenError at a disallowed special of `text`. Returns the allowed ones, all if undefined. */
  check(text: string, options: EncodeOptions | undefined): ReadonlySet<string> | undefined {
    this.#specials.disallowed(options).refuse(text);
    return allowedIn(options);
  }

  /** Looks for those that are found in text as it came, and for those that are found in normalized text. */
  among(allowed: ReadonlySet<string> | undefined): { raw: Search; normalized: Search } {
    return { raw: this.#raw.among(allowed), normalized: this.#normalized.among(allowed) };
  }
}
