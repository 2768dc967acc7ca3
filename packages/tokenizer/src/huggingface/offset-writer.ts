import { lengthOf } from "../scan/classes.ts";
import type { Encoded, OffsetUnit } from "../tokenizer.ts";
import { isWhiteSpace } from "../unicode.ts";
import type { PostProcessor } from "./post-processors.ts";
import type { Run } from "./runs.ts";

const unitsOf = (codePoint: number, unit: OffsetUnit): number => {
  if (unit === "codePoint") return 1;
  if (unit === "utf16") return codePoint > 0xffff ? 2 : 1;
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
};

/** Spaces in byte-level characters, and white space. */
const isBlank = (character: string): boolean =>
  character === "Ġ" || isWhiteSpace(character.codePointAt(0) ?? 0);

/** How many blanks `characters` begin with. */
const leading = (characters: readonly string[]): number => {
  const end = characters.findIndex((one) => !isBlank(one));
  return end < 0 ? characters.length : end;
};

/** An id, and the code points [start, end) it came from. */
interface Located {
  readonly id: number;
  start: number;
  end: number;
  /** Bytes of the first and of the last code point that belong to the tokens beside it. */
  readonly before: number;
  readonly after: number;
  /** The token's text, for trimming; undefined for an id that stands for no text. */
  readonly value: string | undefined;
}

/** Gathers ids with their offsets in a text. */
export class OffsetWriter {
  readonly #located: Located[] = [];
  readonly #unit: OffsetUnit;
  /** Of each code point, where it begins in units, and the end of the last. */
  readonly #places: number[] = [];
  /** The code point that begins at each UTF-16 unit. */
  readonly #points: Uint32Array;
  // Where `tokens` was: pieces of a run come one after the other.
  #run: Run | undefined;
  #byte = 0;
  #character = 0;

  constructor(text: string, unit: OffsetUnit) {
    this.#unit = unit;
    this.#points = new Uint32Array(text.length + 1);
    let [index, place] = [0, 0];
    for (const character of text) {
      this.#points[index] = this.#places.length;
      this.#places.push(place);
      index += character.length;
      place += unitsOf(character.codePointAt(0)!, unit);
    }
    this.#points[index] = this.#places.length;
    this.#places.push(place);
  }

  /** An id that stands for no text. */
  id(id: number): void {
    this.#located.push({ id, start: 0, end: 0, before: 0, after: 0, value: undefined });
  }

  /** An added token. */
  added(id: number, run: Run): void {
    this.#put(id, run, 0, [...run.text].length - 1, run.text);
  }

  /** Ids of the bytes of a run from `from` on, and where each ends. */
  tokens(
    run: Run,
    bytes: Uint8Array,
    from: number,
    ids: Int32Array,
    ends: readonly number[],
    names: readonly (string | undefined)[],
  ): void {
    let [at, character] = this.#run === run ? [this.#byte, this.#character] : [0, 0];
    const next = () => at + lengthOf(bytes[at]!);
    let start = from;
    for (const [i, end] of ends.entries()) {
      for (; next() <= start; character++) at = next();
      const [first, before] = [character, start - at];
      for (; next() < end; character++) at = next();
      this.#put(ids[i]!, run, first, character, names[ids[i]!], before, next() - end);
      start = end;
    }
    [this.#run, this.#byte, this.#character] = [run, at, character];
  }

  /** `first`, `last`: code points of `run.text`. */
  #put(
    id: number,
    run: Run,
    first: number,
    last: number,
    value: string | undefined,
    before = 0,
    after = 0,
  ): void {
    const base = this.#points[run.start]!;
    const { sources } = run;
    const start = base + (sources ? sources[first]! : first);
    const end = base + (sources ? sources[last]! : last) + 1;
    const exact = this.#unit === "byte" && !sources;
    const parts = exact ? { before, after } : { before: 0, after: 0 };
    this.#located.push({ id, start, end, ...parts, value });
  }

  /** Takes blanks out of offsets, as ByteLevel does with `trim_offsets`. `shift`: ids that come before these. */
  trim({ prefixSpace }: PostProcessor["trims"][number], shift: number): void {
    for (const [i, one] of this.#located.entries()) {
      const { value } = one;
      // White space is one UTF-16 unit each.
      if (value === undefined || !(isBlank(value[0] ?? "") || isBlank(value.at(-1) ?? "")))
        continue;
      const characters = [...value];
      const blanks = leading(characters);
      // A single space at the start was put there.
      const put = prefixSpace && blanks === 1 && (i + shift === 0 || one.start === 0);
      const after = leading(characters.reverse());
      one.start = Math.min(one.start + (put ? 0 : blanks), one.end);
      if (one.end >= after) one.end = Math.max(one.end - after, one.start);
    }
  }

  result(): Encoded {
    const place = (point: number) => this.#places[point]!;
    return {
      ids: Int32Array.from(this.#located, ({ id }) => id),
      starts: Uint32Array.from(this.#located, ({ start, before }) => place(start) + before),
      ends: Uint32Array.from(this.#located, ({ end, after }) => place(end) - after),
    };
  }
}
