import { isWhiteSpace } from "../unicode.ts";
import { eachCharacter, inSequence, type Normalizer, prepend } from "./normalizer.ts";
import { flag, type Part, parts, unsupported, words } from "./part.ts";
import { readReplace } from "./replace.ts";
import { unicodeForm } from "./unicode-forms.ts";

const isBlank = (character: string): boolean => isWhiteSpace(character.codePointAt(0)!);

/** How many characters of `characters` are white space at its start, and at its end, [start, end) being the rest. */
function inner(characters: readonly string[], left: boolean, right: boolean): [number, number] {
  let [start, end] = [0, characters.length];
  while (left && start < end && isBlank(characters[start]!)) start++;
  while (right && end > start && isBlank(characters[end - 1]!)) end--;
  return [start, end];
}

function strip(left: boolean, right: boolean): Normalizer {
  return {
    apply(text) {
      const characters = [...text];
      return characters.slice(...inner(characters, left, right)).join("");
    },
    trace(characters) {
      const [start, end] = inner(characters, left, right);
      const kept = characters.slice(start, end);
      return { characters: kept, sources: kept.map((_, i) => start + i) };
    },
    keepsStart: false,
  };
}

function read(part: Part): Normalizer {
  const { type, fields, path } = part;
  switch (type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return unicodeForm(type);
    case "Lowercase":
      return eachCharacter((character) => character.toLowerCase());
    case "Prepend": {
      const prefix = words(fields, "prepend", path);
      return { ...prepend(prefix), keepsStart: false };
    }
    case "Replace":
      return readReplace(part);
    case "Strip":
      return strip(flag(fields, "strip_left", path), flag(fields, "strip_right", path));
    default:
      throw unsupported(
        `${path}.type`,
        type,
        "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence",
      );
  }
}

/** The `normalizer` of a tokenizer.json. */
export const readNormalizer = (value: unknown): Normalizer | undefined =>
  inSequence(parts(value, "normalizer", "normalizers").map(read));
