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

interface ByteLevelJSON {
  readonly type: "ByteLevel";
  readonly add_prefix_space: boolean;
  readonly trim_offsets: boolean;
  readonly use_regex: boolean;
}

/** One special token of a `tokenizer.json`. */
export interface AddedTokenJSON {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/**
 * The `tokenizer.json` of Hugging Face tokenizers for byte-level BPE, as `Tokenizer.to_str()` writes it.
 * https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/serialization.rs
 */
export interface HuggingFaceJSON {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedTokenJSON[];
  readonly normalizer: null;
  readonly pre_tokenizer: ByteLevelJSON;
  readonly post_processor: null;
  readonly decoder: ByteLevelJSON;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: false;
    readonly byte_fallback: false;
    readonly ignore_merges: false;
    /** Token → id; tokens are written in byte-level characters, specials as they are. */
    readonly vocab: { readonly [token: string]: number };
    /** The parts of each merge, first merge first. */
    readonly merges: readonly (readonly [string, string])[];
  };
}

/** What `Tokenizer.toJSON` writes and `loadTokenizer` reads. */
export type TokenizerJSON = CharactersJSON | BytesJSON | HuggingFaceJSON;
