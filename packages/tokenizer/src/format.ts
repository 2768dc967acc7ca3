/** The version of our own shapes, which `muladd` carries. */
export const FORMAT = 1;

/** A saved character tokenizer: `characters[id]` is one code point. */
export interface CharactersJSON {
  readonly muladd: typeof FORMAT;
  readonly type: "characters";
  readonly characters: readonly string[];
}

/** A saved byte tokenizer: there is nothing to save but what it is. */
export interface BytesJSON {
  readonly muladd: typeof FORMAT;
  readonly type: "bytes";
}

/** A saved tokenizer whose ids are ranks, as `tiktoken` makes it. */
export interface TiktokenJSON {
  readonly muladd: typeof FORMAT;
  readonly type: "tiktoken";
  /** The name of a pattern, or a regular expression. */
  readonly pattern: string;
  /** Special tokens by content. */
  readonly specials: { readonly [content: string]: number };
  /** What a `.tiktoken` file holds. */
  readonly ranks: string;
}

/** The version of Hugging Face's shape. */
export const VERSION = "1.0";

/** A part of a `tokenizer.json`, such as `{ "type": "NFC" }`. */
export interface PartJSON {
  readonly [field: string]: unknown;
}

/**
 * The `tokenizer.json` of Hugging Face tokenizers for BPE, as `Tokenizer.to_str()` writes it.
 * https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/serialization.rs
 */
export interface HuggingFaceJSON {
  readonly version: typeof VERSION;
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly PartJSON[];
  readonly normalizer: PartJSON | null;
  readonly pre_tokenizer: PartJSON | null;
  readonly post_processor: PartJSON | null;
  readonly decoder: PartJSON;
  /** `type`, `unk_token` and other settings, and: */
  readonly model: PartJSON & {
    /** Token → id; byte-level tokens are written in byte-level characters, specials as they are. */
    readonly vocab: { readonly [token: string]: number };
    /** The parts of each merge, first merge first. */
    readonly merges: readonly (readonly [string, string])[];
  };
}

/** What `Tokenizer.toJSON` writes and `loadTokenizer` reads. */
export type TokenizerJSON = CharactersJSON | BytesJSON | TiktokenJSON | HuggingFaceJSON;
