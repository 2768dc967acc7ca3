import { hashOf } from "./byte-table.ts";
import type { TokenizerJSON } from "./format.ts";
import { offsetsOf, sharedNames } from "./offsets.ts";
import { counter, gather, type Sink } from "./sink.ts";
import type {
  DecodeOptions,
  Encoded,
  EncodeOptions,
  OffsetOptions,
  TokenDecoder,
  TokenEncoder,
  Tokenizer,
} from "./tokenizer.ts";
import { encodeUtf8 } from "./utf8.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What all tokenizers do alike, over the one thing in which they differ. */
export abstract class TextTokenizer implements Tokenizer {
  abstract readonly kind: Tokenizer["kind"];
  abstract readonly specials: ReadonlyMap<string, number>;
  protected abstract readonly vocabulary: Vocabulary;

  abstract encoder(options?: EncodeOptions): TokenEncoder;
  abstract toJSON(): TokenizerJSON;

  /** Writes the ids of `text`, or of as much of it as the sink takes. */
  protected abstract write(text: string, options: OffsetOptions | undefined, sink: Sink): void;

  /** Bytes that one token can stand for. */
  protected get reach(): number {
    // A special may share its id with a shorter one, which alone is in the vocabulary.
    return Math.max(
      this.vocabulary.longest,
      ...Array.from(this.specials.keys(), ({ length }) => 3 * length),
    );
  }

  get size(): number {
    return this.vocabulary.size;
  }

  encode(text: string, options?: EncodeOptions): Int32Array {
    return gather(text.length, (sink) => this.write(text, options, sink));
  }

  encodeInto(
    text: string,
    target: Int32Array | Uint32Array | Uint16Array,
    options?: EncodeOptions,
  ): number {
    if (target instanceof Uint16Array && this.size > 2 ** 16)
      throw new RangeError(
        `encodeInto: ids up to ${this.size - 1} do not fit 16 bits; pass a Uint32Array`,
      );
    const ids = this.encode(text, options);
    if (ids.length > target.length)
      throw new RangeError(
        `encodeInto: ${ids.length} ids do not fit an array of ${target.length}; count tells how many there are`,
      );
    target.set(ids);
    return ids.length;
  }

  encodeWithOffsets(text: string, options: OffsetOptions = {}): Encoded {
    const { unit = "utf16" } = options;
    const ids = this.encode(text, options);
    const shared = sharedNames(this.specials, options);
    return { ids, ...offsetsOf(text, ids, this.vocabulary.table.starts, unit, shared) };
  }

  count(text: string, options?: EncodeOptions): number {
    const sink = counter();
    this.write(text, options, sink);
    return sink.total;
  }

  isWithin(text: string, limit: number, options?: EncodeOptions): number | false {
    // No token is longer than the longest, and no unit of text has fewer bytes than one.
    if (text.length > limit * this.reach) return false;
    const sink = counter(limit);
    this.write(text, options, sink);
    return sink.total <= limit && sink.total;
  }

  decode(ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeOptions = {}): string {
    if (!skipSpecialTokens) return this.vocabulary.decode(ids);
    const specials = new Set(this.specials.values());
    return this.vocabulary.decode(Array.from(ids).filter((id) => !specials.has(id)));
  }

  decodeBytes(ids: ArrayLike<number>): Uint8Array {
    return this.vocabulary.decodeBytes(ids);
  }

  decoder({ skipSpecialTokens = false }: DecodeOptions = {}): TokenDecoder {
    const decoder = this.vocabulary.decoder();
    if (!skipSpecialTokens) return decoder;
    const specials = new Set(this.specials.values());
    return {
      push: (id) => (specials.has(id) ? "" : decoder.push(id)),
      flush: () => decoder.flush(),
    };
  }

  token(id: number): Uint8Array {
    return this.vocabulary.token(id);
  }

  id(token: string | Uint8Array): number | undefined {
    if (typeof token === "string") {
      const special = this.specials.get(token);
      if (special !== undefined) return special;
    }
    const bytes = typeof token === "string" ? encodeUtf8(token) : token;
    const id = this.vocabulary.table.find(bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length));
    return id < 0 ? undefined : id;
  }
}
