import { TokenizerFormatError } from "../errors.ts";
import { describe } from "../fields.ts";
import type { Scanner } from "../scan/classes.ts";
import { findBytes } from "../scan/separator.ts";
import { BEHAVIORS, type Find, splitAt } from "../scan/split.ts";
import { encodeUtf8 } from "../utf8.ts";
import { unsupported } from "./part.ts";

/** The last place in `bytes[start, end)` where a piece ends whatever follows, or `start`. */
export type Boundary = (bytes: Uint8Array, start: number, end: number) => number;

/** What a Split is asked for. */
interface Asked {
  readonly regex: boolean;
  readonly text: string;
  readonly behavior: unknown;
  readonly invert: boolean;
  readonly path: string;
}

/** Cuts text at a string, or at what a regular expression matches. */
export function splitter({ regex, text, behavior, invert, path }: Asked): {
  scanner: Scanner;
  boundary?: Boundary | undefined;
} {
  const known = BEHAVIORS.find((one) => one === behavior);
  if (!known)
    throw unsupported(`${path}.behavior`, behavior, BEHAVIORS.map(describe).join(", "));
  if (regex)
    throw new TokenizerFormatError(`${path}.pattern`, `${describe(text)} is not supported`);
  const wanted = encodeUtf8(text);
  const find: Find = (bytes, from, end) => {
    const start = findBytes(bytes, wanted, from, end);
    return start < end ? { start, end: start + wanted.length } : undefined;
  };
  return { scanner: splitAt(find, known, invert) };
}
