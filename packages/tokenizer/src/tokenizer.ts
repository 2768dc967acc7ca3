import type { TokenizerJSON } from "./format.ts";

/**
 * What to do with text that spells a special token, as in tiktoken
 * (https://github.com/openai/tiktoken/blob/main/tiktoken/core.py). It is an error unless it is allowed, so that text
 * from outside cannot smuggle in a control token unnoticed.
 */
export interface EncodeOptions {
  /** Specials to encode as their ids. Default: none. */
  readonly allowedSpecial?: "all" | ReadonlySet<string> | readonly string[] | undefined;
  /** Strings that are an error in the text. Default `"all"`: every special not allowed. `[]`: read them as text. */
  readonly disallowedSpecial?: "all" | ReadonlySet<string> | readonly string[] | undefined;
}

/** Ids → text, one at a time. What `push` and `flush` return, joined, is what `decode` returns for the same ids. */
export interface TokenDecoder {
  /** The text that `id` completes: "" while a character is still unfinished. Throws RangeError on an unknown id. */
  push(id: number): string;
  /** Ends the text: U+FFFD when a character was left unfinished, else "". The decoder can then be used again. */
  flush(): string;
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
  /** Ids → text; bytes that are no UTF-8 become U+FFFD. Throws RangeError on an unknown id. */
  decode(ids: ArrayLike<number>): string;
  /** A decoder with its own state, for ids that arrive one at a time. */
  decoder(): TokenDecoder;
  /** The bytes that `id` stands for. Throws RangeError on an unknown id. */
  token(id: number): Uint8Array;
  /** A plain JSON value, from which `loadTokenizer` makes an equal tokenizer. */
  toJSON(): TokenizerJSON;
}
