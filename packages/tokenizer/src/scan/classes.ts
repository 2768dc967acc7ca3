import { fromRuns } from "../runs.ts";
import { isWhiteSpace } from "../unicode.ts";
import { CHARACTER_KINDS, KIND_LETTERS } from "../unicode-kinds.ts";

/**
 * Cuts text into the pieces within which BPE merges. `bytes`: UTF-8 without errors. Returns where the piece that begins
 * at `start` ends, reading only `bytes[from, end)`, which counts as the whole text; `from <= start < end`. Negative,
 * `~end`: the piece is no part of the text.
 */
export type Scanner = (bytes: Uint8Array, start: number, end: number, from: number) => number;

// The classes that tell pieces apart, a bit each, so that a set of them is a mask.
export const OTHER = 1;
export const UPPER = 2; // Lu, Lt
export const LOWER = 4; // Ll
export const CASELESS = 8; // Lm, Lo
export const MARK = 16;
export const NUMBER = 32;
export const SPACE = 64; // White_Space but NEWLINE
export const NEWLINE = 128; // \r and \n alone
export const LETTER = UPPER | LOWER | CASELESS;
export const WHITE_SPACE = SPACE | NEWLINE;

// In the order of the letters in unicode-kinds.ts.
const KINDS = [OTHER, UPPER, LOWER, CASELESS, MARK, NUMBER];

const classOf = (codePoint: number, kind: number): number => {
  if (codePoint === 10 || codePoint === 13) return NEWLINE;
  return isWhiteSpace(codePoint) ? SPACE : kind;
};

let table: Uint8Array | undefined;

/** Class of each code point; made when text first needs it. */
function classes(): Uint8Array {
  table ??= fromRuns(CHARACTER_KINDS, KIND_LETTERS).map((kind, codePoint) =>
    classOf(codePoint, KINDS[kind]!),
  );
  return table;
}

/** Class of each ASCII character: most text needs no more. */
export const ASCII = Uint8Array.from({ length: 128 }, (_, byte) => {
  const is = (from: string, to: string) => byte >= from.charCodeAt(0) && byte <= to.charCodeAt(0);
  const kind = is("A", "Z") ? UPPER : is("a", "z") ? LOWER : is("0", "9") ? NUMBER : OTHER;
  return classOf(byte, kind);
});

/** Bytes of the character that begins with `lead`. */
export const lengthOf = (lead: number): number =>
  lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

/** The code point at `i`. */
export function codePointAt(bytes: Uint8Array, i: number): number {
  const lead = bytes[i]!;
  if (lead < 0x80) return lead;
  const second = bytes[i + 1]! & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = bytes[i + 2]! & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 7) << 18) | (second << 12) | (third << 6) | (bytes[i + 3]! & 0x3f);
}

const wideClassAt = (bytes: Uint8Array, i: number): number =>
  (table ?? classes())[codePointAt(bytes, i)]!;

/** The class of the character at `i`. */
export function classAt(bytes: Uint8Array, i: number): number {
  const byte = bytes[i]!;
  return byte < 0x80 ? ASCII[byte]! : wideClassAt(bytes, i);
}

/** Where the longest run of characters of the classes `mask` ends that begins at `i`. */
export function run(bytes: Uint8Array, i: number, end: number, mask: number): number {
  let at = i;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte < 0x80) {
      if ((ASCII[byte]! & mask) === 0) return at;
      at++;
    } else {
      if ((wideClassAt(bytes, at) & mask) === 0) return at;
      at += lengthOf(byte);
    }
  }
  return at;
}

/** Where the character before `i` begins. */
export function before(bytes: Uint8Array, i: number): number {
  let at = i - 1;
  while ((bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
