import type { BytesJSON } from "./format.ts";
import type { TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

/** The bytes of UTF-8 are the ids: 256 of them, any text, nothing to learn. */
export class ByteTokenizer implements Tokenizer {
  readonly kind = "bytes";
  readonly specials: ReadonlyMap<string, number> = new Map();
  readonly #vocabulary = new Vocabulary(
    Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  );

  get size(): number {
    return this.#vocabulary.size;
  }

  encode(text: string): Int32Array {
    return new Int32Array(encodeUtf8(text));
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

  toJSON(): BytesJSON {
    return { muladd: 1, type: "bytes" };
  }
}

/** The tokenizer whose ids 0 … 255 are the bytes of UTF-8. */
export const bytes = (): ByteTokenizer => new ByteTokenizer();
