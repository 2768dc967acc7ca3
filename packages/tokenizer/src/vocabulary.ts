import { streamDecoder } from "./stream.ts";
import type { TokenDecoder } from "./tokenizer.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The bytes of each id: all that decoding needs, whatever the tokenizer. */
export class Vocabulary {
  readonly #tokens: readonly Uint8Array[];

  /** `tokens[id]`: the bytes of that id. */
  constructor(tokens: readonly Uint8Array[]) {
    this.#tokens = tokens;
  }

  get size(): number {
    return this.#tokens.length;
  }

  #bytes(id: number, where = ""): Uint8Array {
    const bytes = this.#tokens[id];
    if (!bytes)
      throw new RangeError(
        `decode: id ${id}${where} is not in the vocabulary (0 … ${this.size - 1}); ` +
          "were the ids made with another tokenizer?",
      );
    return bytes;
  }

  token(id: number): Uint8Array {
    return this.#bytes(id).slice();
  }

  decode(ids: ArrayLike<number>): string {
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += this.#bytes(ids[i]!, ` at position ${i}`).length;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const token = this.#tokens[ids[i]!]!;
      bytes.set(token, at);
      at += token.length;
    }
    return decodeUtf8(bytes);
  }

  decoder(): TokenDecoder {
    return streamDecoder((id) => this.#bytes(id));
  }
}
