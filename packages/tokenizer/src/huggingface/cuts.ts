import { lastBoundary } from "../scan/boundary.ts";
import { before } from "../scan/classes.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import type { Normalizer } from "./normalizer.ts";
import type { Boundary } from "./pre-tokenizers.ts";

/** What decides where a stream of text can be cut. */
export interface CutParts {
  readonly normalizer: Normalizer | undefined;
  /** The last place in bytes where a piece ends whatever follows. */
  readonly boundary: Boundary | undefined;
  /** The character before whose runs pieces end, where that is what cuts them, written for a space. */
  readonly separator: string | undefined;
  /** What is done to a text between added tokens, prefixes aside. */
  readonly change: (text: string) => string;
}

/** Where the character before `end` begins. */
const previous = (text: string, end: number): number =>
  end > 1 && text.codePointAt(end - 2)! > 0xffff ? end - 2 : end - 1;

/** The last place before a space or a separator that follows another character. */
function beforeSeparator(
  text: string,
  end: number,
  separator: string,
  { normalizer, change }: CutParts,
): number {
  for (let at = end - 1; at > 0; at--) {
    const after = text.startsWith(separator, at) ? separator : text[at]!;
    if (after !== " " && after !== separator) continue;
    const left = text.slice(previous(text, at), at);
    if (normalizer?.cuts && !normalizer.cuts(left, after)) continue;
    if (change(after).startsWith(separator) && !change(left).endsWith(separator)) return at;
  }
  return 0;
}

/** The last place up to `end` where `text` can be cut whatever follows, 0 for none. */
export function cutAt(text: string, end: number, parts: CutParts): number {
  const { normalizer, boundary, separator } = parts;
  if (normalizer && !normalizer.cuts) return 0;
  if (separator !== undefined) return beforeSeparator(text, end, separator, parts);
  if (!boundary) return 0;
  const bytes = encodeUtf8(text.slice(0, end));
  let at = boundary(bytes, 0, bytes.length);
  // What that looks at must be what it is in the normalized text.
  if (normalizer && boundary !== lastBoundary) return 0;
  while (normalizer && at > 0) {
    const left = decodeUtf8(bytes.subarray(before(bytes, at), at));
    const right = [...decodeUtf8(bytes.subarray(at, at + 4))][0] ?? "";
    const inert = [left, right].every((one) => parts.change(one) === one);
    if (inert && normalizer.cuts?.(left, right)) break;
    at = lastBoundary(bytes, 0, at);
  }
  return decodeUtf8(bytes.subarray(0, at)).length;
}
