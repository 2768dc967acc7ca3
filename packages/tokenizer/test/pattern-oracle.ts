import { word } from "../src/pattern/properties.ts";
import type { CodePoints } from "../src/pattern/set.ts";
import type { SplitOptions } from "../src/pattern/split.ts";
import type { Node } from "../src/pattern/syntax.ts";

const hex = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;
const spelt = (set: CodePoints): string =>
  `[${set.map(([first, last]) => `${hex(first)}-${hex(last)}`).join("")}]`;

const WORD = spelt(word());
const ANCHORS = {
  textStart: "^",
  textEnd: "$",
  lineStart: "(?:^|(?<=\\n)(?!$))",
  lineEnd: "(?=\\n|$)",
  lastLineEnd: "(?=\\n?$)",
  wordEdge: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  noWordEdge: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
} as const;

/** A parsed pattern as a regular expression of this engine, classes spelt out. */
export function regexOf(node: Node): RegExp {
  let groups = 0;
  const atomic = (source: string): string => {
    const name = `g${groups++}`;
    return `(?=(?<${name}>${source}))\\k<${name}>`;
  };
  const write = (node: Node): string => {
    switch (node.kind) {
      case "set":
        return spelt(node.set);
      case "sequence":
        return node.items.map(write).join("");
      case "either":
        return `(?:${node.items.map(write).join("|")})`;
      case "repeat": {
        const bounds = `{${node.min},${Number.isFinite(node.max) ? node.max : ""}}`;
        const source = `(?:${write(node.item)})${bounds}${node.how === "lazy" ? "?" : ""}`;
        return node.how === "possessive" ? atomic(source) : source;
      }
      case "atomic":
        return atomic(write(node.item));
      case "ahead":
        return `(?${node.negated ? "!" : "="}${write(node.item)})`;
      case "behind":
        return `(?<${node.negated ? "!" : "="}${spelt(node.set)})`;
      case "anchor":
        return ANCHORS[node.anchor];
    }
  };
  return new RegExp(write(node), "gu");
}

interface Part {
  readonly start: number;
  end: number;
  readonly splits: boolean;
}

/** Matches and what is between them, as Hugging Face's `find_matches` lists them over the `find_iter` of `onig`. */
function parts(regex: RegExp, text: string, invert: boolean): Part[] {
  const found: Part[] = [];
  const add = (start: number, end: number, matched: boolean) =>
    found.push({ start, end, splits: matched !== invert });
  let end = 0; // of the last match
  let any = false;
  for (let from = 0; from <= text.length; ) {
    regex.lastIndex = from;
    const match = regex.exec(text);
    if (!match) break;
    const after = match.index + match[0].length;
    if (match[0] === "" && any && after === end) {
      from += (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
      continue;
    }
    if (match.index !== end) add(end, match.index, false);
    add(match.index, after, true);
    [end, from, any] = [after, after, true];
  }
  if (end !== text.length) add(end, text.length, false);
  return found;
}

/** Joins each of `parts` for which `joins(part, the one before)` holds to the one before it. */
function joined(parts: readonly Part[], joins: (part: Part, before: Part) => boolean): Part[] {
  const result: Part[] = [];
  let before: Part | undefined;
  for (const part of parts) {
    const last = result.at(-1);
    if (before && last && joins(part, before)) last.end = part.end;
    else result.push({ ...part });
    before = part;
  }
  return result;
}

/** The pieces of Hugging Face's `Split`; `NormalizedString::split` in its five behaviours. */
export function splitOracle(regex: RegExp, text: string, options: SplitOptions): string[] {
  const all = parts(regex, text, options.invert);
  const kept = {
    Removed: () => all.filter((part) => !part.splits),
    Isolated: () => all,
    Contiguous: () => joined(all, (part, before) => part.splits === before.splits),
    MergedWithPrevious: () => joined(all, (part, before) => part.splits && !before.splits),
    MergedWithNext: () => joined(all, (part, before) => before.splits && !part.splits),
  }[options.behavior]();
  return kept.map(({ start, end }) => text.slice(start, end)).filter((piece) => piece !== "");
}
