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
  character === "Ġ" || isWhiteSpace(character.codePointAt(0)!);

/** How many blanks `characters` begin with. */
const leading = (characters: readonly string[]): number => {
  const end = characters.findIndex((one) => !isBlank(one));
  return end < 0 ? characters.length : end;
};

/** Gathers ids with their offsets in a text. */
export class OffsetWriter {
  readonly #ids: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** The token's text, for trimming. */
  readonly #values: (string | undefined)[] = [];
  readonly #unit: OffsetUnit;
  /** Of each code point, where it begins in units, and the end of the last. */
  readonly #places: number[] = [];
  /** The code point that begins at each UTF-16 unit. */
  readonly #points: Uint32Array;

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
    this.#put(id, 0, 0, undefined);
  }

  /** An added token. */
  added(id: number, run: Run): void {
    const last = [...run.text].length - 1;
    this.#put(id, this.#place(run, 0), this.#place(run, last, 1), run.text);
  }

  /** Ids of the bytes of a run, and where each ends, from `from` on. */
  tokens(
    run: Run,
    bytes: Uint8Array,
    from: number,
    ids: Int32Array,
    ends: readonly number[],
    names: readonly (string | undefined)[],
  ): void {
    let at = this.#byte <= from && this.#run === run ? this.#byte : 0;
    let character = at === 0 ? 0 : this.#character;
    let start = from;
    for (const [i, end] of ends.entries()) {
      while (at + lengthOf(bytes[at]!) <= start) {
        at += lengthOf(bytes[at]!);
        character++;
      }
      const first = character;
      while (at + lengthOf(bytes[at]!) < end) {
        at += lengthOf(bytes[at]!);
        character++;
      }
      if (this.#unit === "byte" && !run.sources) {
        const base = this.#places[this.#points[run.start]!]!;
        this.#put(ids[i]!, base + start, base + end, names[ids[i]!]);
      } else
        this.#put(
          ids[i]!,
          this.#place(run, first),
          this.#place(run, character, 1),
          names[ids[i]!],
        );
      start = end;
    }
    [this.#run, this.#byte, this.#character] = [run, at, character];
  }

  // Where `tokens` was: pieces of a run come one after the other.
  #run: Run | undefined;
  #byte = 0;
  #character = 0;

  /** Where the code point begins that `run.text[character]` stands for, or the one `more` after it. */
  #place({ start, sources }: Run, character: number, more = 0): number {
    const own = sources ? sources[character]! : character;
    return this.#places[this.#points[start]! + own + more]!;
  }

  #put(id: number, start: number, end: number, value: string | undefined): void {
    this.#ids.push(id);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#values.push(value);
  }

  /** Takes blanks out of offsets, as ByteLevel does with `trim_offsets`. `shift`: ids that come before these. */
  trim({ prefixSpace }: PostProcessor["trims"][number], shift: number): void {
    for (const [i, value] of this.#values.entries()) {
      if (value === undefined) continue;
      const characters = [...value];
      let before = leading(characters);
      const after = leading(characters.reverse());
      const [start, end] = [this.#starts[i]!, this.#ends[i]!];
      // A single space at the start was put there.
      if ((i + shift === 0 || start === 0) && prefixSpace && before === 1) before = 0;
      this.#starts[i] = Math.min(start + before, end);
      if (end >= after) this.#ends[i] = Math.max(end - after, this.#starts[i]!);
    }
  }

  result(): Encoded {
    return {
      ids: Int32Array.from(this.#ids),
      starts: Uint32Array.from(this.#starts),
      ends: Uint32Array.from(this.#ends),
    };
  }
}
