/** How byte-level BPE makes characters of bytes. */
export const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
/** The pattern of Llama 3 and Qwen 2, which differ in how many digits make a piece. */
const split = (digits: string) => ({
  type: "Split",
  pattern: {
    Regex: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  },
  behavior: "Isolated",
  invert: false,
});

/** How text is cut into the pieces within which BPE merges. */
export interface Cut {
  readonly normalizer: object | null;
  /** Before the bytes are made characters. */
  readonly first: object | null;
  /** Cut by GPT-2's pattern. */
  readonly gpt2: boolean;
  /** A piece that is a token is one, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Whether a text begins with the beginning-of-text token when the file does not say. */
  readonly addBos: boolean;
}

const PLAIN: Cut = {
  normalizer: null,
  first: null,
  gpt2: true,
  ignoreMerges: false,
  addBos: false,
};

/** How text is cut, by `tokenizer.ggml.pre`: as the models' tokenizer.json files say, whose patterns llama.cpp follows in llama-vocab.cpp. */
export const CUTS: Readonly<Record<string, Cut>> = {
  "gpt-2": PLAIN,
  smollm: { ...PLAIN, first: { type: "Digits", individual_digits: true } },
  "llama-bpe": {
    ...PLAIN,
    first: split(String.raw`\p{N}{1,3}`),
    gpt2: false,
    ignoreMerges: true,
    addBos: true,
  },
  qwen2: { ...PLAIN, normalizer: { type: "NFC" }, first: split(String.raw`\p{N}`), gpt2: false },
};

/** `tokenizer.ggml.token_type`; unused ones are padding. */
export const TOKEN_TYPES = { normal: 1, control: 3, userDefined: 4, unused: 5 };

/** `tokenizer.ggml.model` of a file without a tokenizer; `vocab_size` of its architecture is then how many ids there are. */
export const NO_VOCABULARY = "no_vocab";
