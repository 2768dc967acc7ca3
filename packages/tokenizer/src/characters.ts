import { UnknownCharacterError } from "./errors.ts";
import type { CharactersJSON } from "./format.ts";
import type { TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { scalarAt } from "./unicode.ts";
import { encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

/** One id per Unicode code point that it knows; any other is an error. */
export class CharacterTokenizer implements Tokenizer {
  readonly kind = "characters";
  readonly specials: ReadonlyMap<string, number> = new Map();
  readonly #ids: ReadonlyMap<number, number>;
  readonly #vocabulary: Vocabulary;

  /** `characters[id]`: a string of one code point; all distinct. */
  constructor(readonly characters: readonly string[]) {
    this.#ids = new Map(characters.map((character, id) => [character.codePointAt(0)!, id]));
    this.#vocabulary = new Vocabulary(characters.map(encodeUtf8));
  }

  get size(): number {
    return this.#vocabulary.size;
  }

  encode(text: string): Int32Array {
    const ids = new Int32Array(text.length);
    const unknown = new Set<number>();
    let position = 0;
    let count = 0;
    for (let i = 0; i < text.length; ) {
      const scalar = scalarAt(text, i);
      const id = this.#ids.get(scalar);
      if (id !== undefined) ids[count++] = id;
      else {
        if (unknown.size === 0) position = i;
        unknown.add(scalar);
      }
      i += scalar > 0xffff ? 2 : 1;
    }
    if (unknown.size > 0) {
      const names = Array.from(unknown, (scalar) => String.fromCodePoint(scalar));
      throw new UnknownCharacterError(names, position, this.size);
    }
    return ids.slice(0, count);
  }

  decode(ids: ArrayLike<number>): string {
    return this.#vocabulary.decode(ids);
  }

  decoder(): TokenDecoder {
    return this.#vocabulary.decoder();
  }

  token(id: number): Uint8Array {
    return this.#vocabulary.token(id);
  }

  toJSON(): CharactersJSON {
    return { muladd: 1, type: "characters", characters: [...this.characters] };
  }
}

/**
 * The tokenizer of the characters of `text`: its distinct code points, sorted, numbered from 0, as nanoGPT does
 * (https://github.com/karpathy/nanoGPT/blob/master/data/shakespeare_char/prepare.py). A lone surrogate counts as U+FFFD.
 * Throws RangeError when the text is empty.
 */
export function characters(text: string | Iterable<string>): CharacterTokenizer {
  const seen = new Set<number>();
  for (const part of typeof text === "string" ? [text] : text)
    for (let i = 0; i < part.length; ) {
      const scalar = scalarAt(part, i);
      seen.add(scalar);
      i += scalar > 0xffff ? 2 : 1;
    }
  if (seen.size === 0)
    throw new RangeError(
      "characters: the text is empty; pass text that holds every character to be encoded",
    );
  const sorted = [...seen].sort((a, b) => a - b);
  return new CharacterTokenizer(sorted.map((scalar) => String.fromCodePoint(scalar)));
}
