import type { TokenizerJSON } from "./format.ts";

/** What every way to encode can be told. */
export interface EncodeOptions {
  /**
   * Specials to encode as their ids. Default: none. What text from outside spells as a special token is an error unless
   * it is allowed, so that it cannot smuggle in a control token unnoticed: tiktoken's rules,
   * https://github.com/openai/tiktoken/blob/main/tiktoken/core.py
   */
  readonly allowedSpecial?: "all" | ReadonlySet<string> | readonly string[] | undefined;
  /** Strings that are an error in the text. Default `"all"`: every special not allowed. `[]`: read them as text. */
  readonly disallowedSpecial?: "all" | ReadonlySet<string> | readonly string[] | undefined;
  /**
   * Whether to put the ids before and after that the template of a tokenizer.json names, such as Llama's BOS. Default
   * true, as in Hugging Face. Other tokenizers have no template.
   */
  readonly addSpecialTokens?: boolean | undefined;
}

/** What every way to decode can be told. */
export interface DecodeOptions {
  /** Whether special tokens become nothing. Default false: they become their text. */
  readonly skipSpecialTokens?: boolean | undefined;
}

/** In what offsets count: UTF-16 units as JavaScript's strings do, code points as Python's, or bytes of UTF-8. */
export type OffsetUnit = "utf16" | "codePoint" | "byte";

/** What encoding with offsets can be told. */
export interface OffsetOptions extends EncodeOptions {
  /** Default: "utf16". */
  readonly unit?: OffsetUnit | undefined;
  /**
   * Whether an allowed special may be read from `[start, end)` of the text, in UTF-16 units; if not, it is text there.
   * Default: anywhere. So text of one's own can hold special tokens beside text from outside that cannot.
   */
  readonly specialAt?: ((start: number, end: number) => boolean) | undefined;
}

/** Ids, and where in the text each came from. */
export interface Encoded {
  readonly ids: Int32Array;
  /** Token `i` is `[starts[i], ends[i])` of the text; tokens that share a character each cover all of it. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Ids → text, one at a time. What `push` and `flush` return, joined, is what `decode` returns for the same ids. */
export interface TokenDecoder {
  /** The text that `id` completes: "" while a character is still unfinished. Throws RangeError on an unknown id. */
  push(id: number): string;
  /** Ends the text: U+FFFD when a character was left unfinished, else "". The decoder can then be used again. */
  flush(): string;
}

/**
 * Text → ids, part by part. What `push` and `flush` return, joined, is what `encode` returns for all of the text. After an
 * error the encoder begins a new text, as after `flush`; what it held of the old one is dropped.
 */
export interface TokenEncoder {
  /**
   * The ids that are settled whatever comes next. Throws as `encode` does, with positions in all of the text, and
   * RangeError for a piece without end.
   */
  push(text: string): Int32Array;
  /** The ids of the rest. The encoder can then be used again. */
  flush(): Int32Array;
}

/** Text ↔ ids. Every method is a pure function of its arguments; lone surrogates in text are read as U+FFFD. */
export interface Tokenizer {
  readonly kind: "characters" | "bytes" | "bpe";
  /** Ids are 0 … size − 1; specials are included. */
  readonly size: number;
  /** Special tokens by content, such as `<|endoftext|>` → 0. */
  readonly specials: ReadonlyMap<string, number>;
  /**
   * Text → ids. Throws {@link UnknownCharacterError} (characters only) or {@link SpecialTokenError}, see
   * {@link EncodeOptions}.
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** As `encode`, into `target`. Returns how many; throws RangeError when they do not fit, or an id does not. */
  encodeInto(
    text: string,
    target: Int32Array | Uint32Array | Uint16Array,
    options?: EncodeOptions,
  ): number;
  /** As `encode`, with where in the text each token came from. */
  encodeWithOffsets(text: string, options?: OffsetOptions): Encoded;
  /** As `encode`, text part by part, in memory that does not grow with it. */
  encoder(options?: EncodeOptions): TokenEncoder;
  /** How many ids `encode` would give. */
  count(text: string, options?: EncodeOptions): number;
  /** How many ids `encode` would give, or false above `limit`: found in time that grows with the limit, not the text. */
  isWithin(text: string, limit: number, options?: EncodeOptions): number | false;
  /** Ids → text; bytes that are no UTF-8 become U+FFFD. Throws RangeError on an unknown id. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** Ids → bytes. Throws RangeError on an unknown id. */
  decodeBytes(ids: ArrayLike<number>): Uint8Array;
  /** A decoder with its own state, for ids that arrive one at a time. */
  decoder(options?: DecodeOptions): TokenDecoder;
  /** The bytes that `id` stands for. Throws RangeError on an unknown id. */
  token(id: number): Uint8Array;
  /** The id that stands for `token`, special or not, if there is one. */
  id(token: string | Uint8Array): number | undefined;
  /** A plain JSON value, from which `loadTokenizer` makes an equal tokenizer. */
  toJSON(): TokenizerJSON;
}

/** The ids of each text. */
export const encodeBatch = (
  tokenizer: Tokenizer,
  texts: Iterable<string>,
  options?: EncodeOptions,
): Int32Array[] => Array.from(texts, (text) => tokenizer.encode(text, options));
