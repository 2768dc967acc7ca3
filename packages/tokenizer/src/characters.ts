import { UnknownCharacterError } from "./errors.ts";
import type { CharactersJSON } from "./format.ts";
import { gather, type Sink } from "./sink.ts";
import { eachPart } from "./stream.ts";
import { TextTokenizer } from "./text-tokenizer.ts";
import type { EncodeOptions, TokenEncoder } from "./tokenizer.ts";
import { scalarAt } from "./unicode.ts";
import { encodeUtf8 } from "./utf8.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** One id per Unicode code point that it knows; any other is an error. */
export class CharacterTokenizer extends TextTokenizer {
  readonly kind = "characters";
  readonly specials: ReadonlyMap<string, number> = new Map();
  readonly #ids: ReadonlyMap<number, number>;
  protected readonly vocabulary: Vocabulary;

  /** `characters[id]`: a string of one code point; all distinct. */
  constructor(readonly characters: readonly string[]) {
    super();
    this.#ids = new Map(characters.map((character, id) => [character.codePointAt(0)!, id]));
    this.vocabulary = vocabularyOf(characters.map(encodeUtf8));
  }

  /** `passed`: UTF-16 units before the text. */
  protected write(text: string, _: EncodeOptions | undefined, sink: Sink, passed = 0): void {
    const unknown = new Set<number>();
    let position = 0;
    for (let i = 0; i < text.length; ) {
      const scalar = scalarAt(text, i);
      const id = this.#ids.get(scalar);
      if (id === undefined) {
        if (unknown.size === 0) position = i;
        unknown.add(scalar);
      } else if (!sink.room(1)) return;
      else sink.ids[sink.length++] = id;
      i += scalar > 0xffff ? 2 : 1;
    }
    if (unknown.size > 0) {
      const names = Array.from(unknown, (scalar) => String.fromCodePoint(scalar));
      throw new UnknownCharacterError(names, passed + position, this.size);
    }
  }

  encoder(): TokenEncoder {
    return eachPart((text, passed) =>
      gather(text.length, (sink) => this.write(text, undefined, sink, passed)),
    );
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
