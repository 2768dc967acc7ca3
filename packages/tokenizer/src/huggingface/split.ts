import { describe, type Fields, object } from "../fields.ts";
import {
  compilePattern,
  literalPattern,
  type Split,
  type SplitBehavior,
  type SplitOptions,
} from "../pattern/split.ts";
import { unsupported, words } from "./part.ts";

/** A pattern of a file: a string, or a regular expression. */
export interface FilePattern {
  readonly regex: boolean;
  readonly text: string;
  readonly path: string;
}

/** `fields.pattern`, `{ "String": "…" }` or `{ "Regex": "…" }`. */
export function readPattern(fields: Fields, path: string): FilePattern {
  const where = `${path}.pattern`;
  const pattern = object(fields.pattern, where);
  const regex = Object.hasOwn(pattern, "Regex");
  return { regex, text: words(pattern, regex ? "Regex" : "String", where), path: where };
}

const BEHAVIORS: readonly SplitBehavior[] = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/** The `behavior` of a Split. */
export function readBehavior({ behavior }: Fields, path: string): SplitBehavior {
  const known = BEHAVIORS.find((one) => one === behavior);
  if (known) return known;
  throw unsupported(`${path}.behavior`, behavior, BEHAVIORS.map(describe).join(", "));
}

/** Cuts text at a pattern. */
export const splitter = (
  { regex, text, path }: FilePattern,
  options: Pick<SplitOptions, "behavior" | "invert">,
): Split => (regex ? compilePattern : literalPattern)(text, { ...options, field: path });
