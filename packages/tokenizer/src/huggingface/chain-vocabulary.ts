import { ByteTable, hashOf } from "../byte-table.ts";
import type { TokenDecoder } from "../tokenizer.ts";
import { encodeUtf8 } from "../utf8.ts";
import { Vocabulary } from "../vocabulary.ts";
import { type DecoderChain, fallbackByte } from "./decoders.ts";

/** What `name` stands for, wherever it is. */
function meaning(name: string, chain: DecoderChain): Uint8Array {
  const text = chain.alone(name);
  const byte = chain.fallback ? fallbackByte(text) : undefined;
  return byte === undefined ? encodeUtf8(chain.inside(text)) : Uint8Array.of(byte);
}

/** A decoder that can be told where an id is, for its errors. */
interface PositionedDecoder extends TokenDecoder {
  push(id: number, where?: string): string;
}

/** A vocabulary whose tokens are made to text by decoders that look at more than one of them. */
export class ChainVocabulary extends Vocabulary {
  readonly #names: readonly (string | undefined)[];
  readonly #chain: DecoderChain;

  /** `names`: by id, as the decoders get them; `undefined` where no token has the id. */
  constructor(names: readonly (string | undefined)[], chain: DecoderChain) {
    const table = new ByteTable(names.length);
    const holes = new Set<number>();
    const tokens = names.map((name, id) => {
      if (name === undefined) holes.add(id);
      return name === undefined ? new Uint8Array(0) : meaning(name, chain);
    });
    // Two tokens may stand for the same: "A" and <0x41>. The one that is text is found.
    for (const [id, bytes] of tokens.entries()) {
      const hash = hashOf(bytes, 0, bytes.length);
      const isByte = chain.fallback && bytes.length === 1 && names[id]!.length > 1;
      const hidden = isByte || bytes.length === 0 || table.find(bytes, 0, bytes.length, hash) >= 0;
      if (hidden) table.append(bytes, 0, bytes.length);
      else table.add(bytes, 0, bytes.length, hash);
    }
    super(table, holes);
    this.#names = names.map((name) => name && chain.alone(name));
    this.#chain = chain;
  }

  override decode(ids: ArrayLike<number>): string {
    const decoder = this.decoder();
    let text = "";
    for (let i = 0; i < ids.length; i++) text += decoder.push(ids[i]!, ` at position ${i}`);
    return text + decoder.flush();
  }

  override decodeBytes(ids: ArrayLike<number>): Uint8Array {
    return encodeUtf8(this.decode(ids));
  }

  override decoder(): PositionedDecoder {
    let written = "";
    const take = (): string => {
      const text = written;
      written = "";
      return text;
    };
    const start = () => this.#chain.start((text) => (written += text));
    let stage = start();
    return {
      push: (id, where) => {
        const name = this.#names[id];
        if (name === undefined)
          this.bytes(id, where); // throws
        else stage.push(name);
        return take();
      },
      flush: () => {
        stage.end();
        stage = start();
        return take();
      },
    };
  }
}
