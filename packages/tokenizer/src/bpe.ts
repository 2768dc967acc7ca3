import type { HuggingFaceJSON } from "./format.ts";
import { type BPEModel, writeHuggingFace } from "./huggingface.ts";
import { Merges, mergePiece } from "./merge.ts";
import { gpt2 } from "./pretokenize.ts";
import { segments } from "./specials.ts";
import type { EncodeOptions, TokenDecoder, Tokenizer } from "./tokenizer.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";

/** Ids in a typed array that grows. */
class IdBuffer {
  #ids = new Int32Array(256);
  #length = 0;

  push(ids: ArrayLike<number>): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Int32Array(Math.max(length, 2 * this.#ids.length));
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids.set(ids, this.#length);
    this.#length = length;
  }

  take(): Int32Array {
    return this.#ids.slice(0, this.#length);
  }
}

const CACHED_PIECES = 1 << 16;
const CACHED_LENGTH = 64; // UTF-16 units; longer pieces seldom come again

/** Byte-level BPE with GPT-2's pattern: any text, no unknowns. */
export class BPETokenizer implements Tokenizer {
  readonly kind = "bpe";
  readonly #model: BPEModel;
  readonly #vocabulary: Vocabulary;
  readonly #merges: Merges;
  readonly #byteIds = new Int32Array(256);
  readonly #cache = new Map<string, Int32Array>();

  constructor(model: BPEModel) {
    this.#model = model;
    this.#vocabulary = new Vocabulary(model.tokens);
    this.#merges = new Merges(model.merges, model.tokens.length);
    const special = new Set(model.specials.values()); // one may be a single byte, such as "\n"
    for (const [id, token] of model.tokens.entries())
      if (token.length === 1 && !special.has(id)) this.#byteIds[token[0]!] = id;
  }

  get size(): number {
    return this.#vocabulary.size;
  }

  get specials(): ReadonlyMap<string, number> {
    return this.#model.specials;
  }

  encode(text: string, options?: EncodeOptions): Int32Array {
    const ids = new IdBuffer();
    for (const { start, end, special } of segments(text, this.specials, options)) {
      for (let from = start; from < end; ) {
        const to = gpt2(text, from, end);
        ids.push(this.#piece(text.slice(from, to)));
        from = to;
      }
      if (special !== undefined) ids.push([special]);
    }
    return ids.take();
  }

  #piece(piece: string): Int32Array {
    const cached = this.#cache.get(piece);
    if (cached) return cached;
    const bytes = encodeUtf8(piece);
    const all = Int32Array.from(bytes, (byte) => this.#byteIds[byte]!);
    const ids = all.slice(0, mergePiece(all, this.#merges));
    if (piece.length <= CACHED_LENGTH) {
      if (this.#cache.size >= CACHED_PIECES) this.#cache.clear();
      // A copy of the piece: the slice itself would keep the whole text in memory.
      this.#cache.set(decodeUtf8(bytes), ids);
    }
    return ids;
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

  toJSON(): HuggingFaceJSON {
    return writeHuggingFace(this.#model);
  }
}
