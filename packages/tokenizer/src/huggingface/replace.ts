import { TokenizerFormatError } from "../errors.ts";
import { string } from "../fields.ts";
import { isNullable } from "../pattern/first.ts";
import { parse } from "../pattern/parse.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { type Normalizer, replace } from "./normalizer.ts";
import type { Part } from "./part.ts";
import { type FilePattern, readPattern, splitter } from "./split.ts";

/** `content` for each match of a regular expression. */
function replaceMatches(pattern: FilePattern, content: string): Normalizer {
  const { scanner } = splitter(pattern, { behavior: "Removed", invert: false });
  /** The text, and whether it matches, of each part. */
  function* parts(text: string): Generator<[string, boolean]> {
    const bytes = encodeUtf8(text);
    for (let at = 0; at < bytes.length; ) {
      const found = scanner(bytes, at, bytes.length, 0);
      const end = found < 0 ? ~found : found;
      yield [decodeUtf8(bytes.subarray(at, end)), found < 0];
      at = end;
    }
  }
  return {
    apply: (text) => Array.from(parts(text), ([part, match]) => (match ? content : part)).join(""),
    trace(characters) {
      const out: string[] = [];
      const sources: number[] = [];
      let at = 0;
      for (const [part, match] of parts(characters.join(""))) {
        const own = [...part];
        const last = at + own.length - 1;
        for (const [i, one] of (match ? [...content] : own).entries()) {
          out.push(one);
          sources.push(match ? last : at + i);
        }
        at = last + 1;
      }
      return { characters: out, sources };
    },
    keepsStart: false,
  };
}

/** A Replace, normalizer or decoder. */
export function readReplace({ fields, path }: Part): Normalizer & { readonly single: boolean } {
  const pattern = readPattern(fields, path);
  const content = string(fields.content, `${path}.content`);
  if (!pattern.regex)
    return { ...replace(pattern.text, content), single: [...pattern.text].length === 1 };
  if (isNullable(parse(pattern.text, pattern.path)))
    throw new TokenizerFormatError(
      pattern.path,
      "can match nothing, which is not supported",
      "write it so that it matches a character at least",
    );
  return { ...replaceMatches(pattern, content), single: false };
}
