import { toByteLevel } from "../byte-level.ts";
import type { Fields } from "../fields.ts";
import { type HuggingFaceJSON, type PartJSON, VERSION } from "../format.ts";

// Hugging Face's tokenizers has no characters and no bytes, but BPE without merges is as much.

const BYTE_LEVEL: PartJSON = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: false,
};

/** Without it a space would come between the tokens of a text. */
const FUSE: PartJSON = { type: "Fuse" };

const plain = (
  names: readonly string[],
  pre_tokenizer: PartJSON | null,
  decoder: PartJSON,
): HuggingFaceJSON => ({
  version: VERSION,
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer,
  post_processor: null,
  decoder,
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(names.map((name, id) => [name, id])),
    merges: [],
  },
});

/** The `tokenizer.json` of the bytes of UTF-8. */
export const bytesJSON = (): HuggingFaceJSON =>
  plain(
    Array.from({ length: 256 }, (_, byte) => toByteLevel(Uint8Array.of(byte))),
    BYTE_LEVEL,
    BYTE_LEVEL,
  );

/** The `tokenizer.json` of characters. What a character tokenizer refuses as unknown, Hugging Face's passes over. */
export const charactersJSON = (characters: readonly string[]): HuggingFaceJSON =>
  plain(characters, null, FUSE);

/** The characters of what {@link charactersJSON} wrote, by id; undefined for any other file. */
export function charactersOf(file: Fields): readonly string[] | undefined {
  const { vocab, merges, unk_token, continuing_subword_prefix, end_of_word_suffix } = fields(
    file.model,
  );
  const absent = [
    ...[file.normalizer, file.pre_tokenizer, file.post_processor],
    ...[unk_token, continuing_subword_prefix, end_of_word_suffix],
  ];
  const empty = (value: unknown) => Array.isArray(value) && value.length === 0;
  if (absent.some((part) => part != null) || !empty(file.added_tokens) || !empty(merges))
    return undefined;
  if (fields(file.decoder).type !== "Fuse") return undefined;
  const entries = Object.entries(fields(vocab)).sort(([, a], [, b]) => Number(a) - Number(b));
  return entries.every(([one, id], i) => id === i && /^[^\p{Surrogate}]$/su.test(one))
    ? entries.map(([one]) => one)
    : undefined;
}

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {}; // an array has no such fields either
