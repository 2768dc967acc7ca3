import { TokenizerFormatError } from "../errors.ts";
import type { CodePoints } from "./set.ts";

/** A pattern, parsed. */
export type Node =
  /** `letter`: the character it was written as, under `i` only. */
  | { readonly kind: "set"; readonly set: CodePoints; readonly letter?: string }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "either"; readonly items: readonly Node[] }
  | Repeat
  | { readonly kind: "atomic"; readonly item: Node }
  | { readonly kind: "ahead"; readonly item: Node; readonly negated: boolean }
  | { readonly kind: "behind"; readonly set: CodePoints; readonly negated: boolean }
  | { readonly kind: "anchor"; readonly anchor: Anchor };

export interface Repeat {
  readonly kind: "repeat";
  readonly item: Node;
  readonly min: number;
  readonly max: number;
  readonly how: "greedy" | "lazy" | "possessive";
}

/** `^` `$` `\A` `\z` `\Z` `\b` `\B`. */
export type Anchor =
  | "lineStart"
  | "lineEnd"
  | "textStart"
  | "textEnd"
  | "lastLineEnd"
  | "wordEdge"
  | "noWordEdge";

/** Groups and classes in one another, and quantifiers of quantifiers, at most: what reads and compiles them recurs. */
const MAX_DEPTH = 250;

/** Where a pattern is read, and what to say when that fails. */
export class Reader {
  at = 0;
  #depth = 0;
  /** `field`: what errors call the pattern, such as `pre_tokenizer.pattern.Regex`. */
  constructor(
    readonly text: string,
    readonly field: string,
  ) {}

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Reads `text` if it comes next. */
  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  sees(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Reads what `expression`, which is sticky, matches here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text);
    if (found) this.at = expression.lastIndex;
    return found ?? undefined;
  }

  /** Reads one character. */
  next(): string {
    const character = String.fromCodePoint(this.text.codePointAt(this.at)!);
    this.at += character.length;
    return character;
  }

  /** Goes a level deeper, for what began at `start`. */
  descend(start: number): void {
    if (++this.#depth > MAX_DEPTH)
      this.unsupported(`nesting more than ${MAX_DEPTH} deep`, undefined, start);
  }

  ascend(): void {
    this.#depth--;
  }

  fail(
    problem: string,
    remedy = "correct the pattern; its syntax is Oniguruma's",
    at = this.at,
  ): never {
    const near = this.text.slice(at, at + 12);
    const where = near ? `position ${at} (${JSON.stringify(near)})` : "its end";
    throw new TokenizerFormatError(this.field, `the pattern at ${where}: ${problem}`, remedy);
  }

  /** For what Oniguruma knows and this engine does not. */
  unsupported(
    what: string,
    instead = "write it another way, or read this tokenizer with the software that wrote it",
    at = this.at,
  ): never {
    return this.fail(`${what} is not supported`, instead, at);
  }
}
