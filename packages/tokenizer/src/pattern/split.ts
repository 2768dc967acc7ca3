import { TokenizerFormatError } from "../errors.ts";
import type { Scanner } from "../scan/classes.ts";
import { boundaryOf, type Piece } from "./boundary.ts";
import { compile } from "./compile.ts";
import { Matcher } from "./match.ts";
import { parse } from "./parse.ts";
import { characters, NONE } from "./set.ts";
import type { Node } from "./syntax.ts";

/**
 * What becomes of the matches that split a text, as in Hugging Face tokenizers: dropped, pieces of their own, joined to
 * what lies before or after them, or joined to one another.
 */
export type SplitBehavior =
  | "Removed"
  | "Isolated"
  | "MergedWithPrevious"
  | "MergedWithNext"
  | "Contiguous";

export interface SplitOptions {
  readonly behavior: SplitBehavior;
  /** Whether what lies between the matches splits, and the matches are what is between. */
  readonly invert: boolean;
  /** What errors call the pattern: its place in a file. */
  readonly field?: string;
}

/** How a pattern cuts text. */
export interface Split {
  readonly scanner: Scanner;
  /** As in Pretokenizer; `undefined` for a pattern that looks behind, which a cut would blind. */
  readonly boundary?: (bytes: Uint8Array, start: number, end: number) => number;
}

/**
 * Hugging Face's `Split` with a `Regex`: `pattern` in Oniguruma's syntax. Throws TokenizerFormatError with the position
 * at a construct that is not supported. Each text is cut in steps at most proportional to its length (see Matcher); it throws the
 * same error when that takes too much memory.
 */
export function compilePattern(pattern: string, options: SplitOptions): Split {
  return splitBy(parse(pattern, options.field ?? "pattern"), options);
}

const NOTHING: Node = { kind: "set", set: NONE };

/** Hugging Face's `Split` with a `String`: splits at `text` itself, and nowhere if that is empty. */
export function literalPattern(text: string, options: SplitOptions): Split {
  const items = [...text].map((c): Node => ({ kind: "set", set: characters(c) }));
  return splitBy(text === "" ? NOTHING : { kind: "sequence", items }, options);
}

function splitBy(node: Node, options: SplitOptions): Split {
  const program = compile(node);
  const { field = "pattern" } = options;
  if (!program)
    throw new TokenizerFormatError(
      field,
      "the pattern is too large",
      "write it with smaller counts or fewer sets of characters",
    );
  const matcher = new Matcher(program, field);
  const piece = pieceOf(matcher, options);
  const scanner = scannerOf(matcher, piece);
  return program.looksBehind ? { scanner } : { scanner, boundary: boundaryOf(matcher, piece) };
}

/**
 * A scanner that begins anew at each text. What the matcher remembers of the present one saves time; no result depends
 * on it.
 */
export function scannerOf(matcher: Matcher, piece: Piece): Scanner {
  return (bytes, start, end, from) => {
    if (start === from || !matcher.holds(bytes, from, end)) matcher.begin(bytes, from, end);
    const result = piece(start, end);
    if ((result < 0 ? ~result : result) === end) matcher.release();
    return result;
  };
}

/**
 * The pieces of the text that `matcher` holds. A piece begins where a match does, where one ended, or at an empty one; so
 * the next match from there, but for an empty one right there, is the one that the search from the start would meet.
 */
export function pieceOf(matcher: Matcher, { behavior, invert }: SplitOptions): Piece {
  const isolated: Piece = (start) => {
    const after = matcher.find(start);
    return matcher.start > start ? matcher.start : after;
  };
  switch (behavior) {
    case "Isolated":
      return isolated;
    case "Removed":
      return (start, end) => {
        const after = isolated(start, end);
        return (matcher.start === start) === invert ? after : ~after;
      };
    case "Contiguous":
      return (start, end) => {
        let after = isolated(start, end);
        if (matcher.start > start) return after;
        for (;;) {
          const next = matcher.matchAt(after);
          if (next <= after) return after;
          after = next;
        }
      };
    default:
      // What splits joins what is before it: what lies between two matches goes with the second, or, inverted, with the
      // first.
      if ((behavior === "MergedWithPrevious") !== invert) return (start) => matcher.find(start);
      return (start, end) => {
        const after = isolated(start, end);
        if (matcher.start > start) return after;
        matcher.find(after);
        return matcher.start;
      };
  }
}
