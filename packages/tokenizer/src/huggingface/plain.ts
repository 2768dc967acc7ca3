import { toByteLevel } from "../byte-level.ts";
import type { Fields } from "../fields.ts";
import { type HuggingFaceJSON, type PartJSON, VERSION } from "../format.ts";
import { PLAIN_BPE } from "./write.ts";

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
    ...PLAIN_BPE,
    vocab: Object.fromEntries(names.map((name, id) => [name, id])),
    merges: [],
  },
});

const byteName = (byte: number): string => toByteLevel(Uint8Array.of(byte));

/** The `tokenizer.json` of the bytes of UTF-8. */
export const bytesJSON = (): HuggingFaceJSON =>
  plain(
    Array.from({ length: 256 }, (_, byte) => byteName(byte)),
    BYTE_LEVEL,
    BYTE_LEVEL,
  );

/** The `tokenizer.json` of characters. What a character tokenizer refuses as unknown, Hugging Face's passes over. */
export const charactersJSON = (characters: readonly string[]): HuggingFaceJSON =>
  plain(characters, null, FUSE);

/** The names, by id, of a file that is like {@link plain}'s and has such a pre-tokenizer and decoder; undefined for others. */
function namesOf(
  file: Fields,
  isPreTokenizer: (part: Fields) => boolean,
  decoder: string,
): readonly string[] | undefined {
  const model = fields(file.model);
  const absent = [
    ...[file.truncation, file.padding, file.normalizer, file.post_processor, model.dropout],
    ...[model.unk_token, model.continuing_subword_prefix, model.end_of_word_suffix],
  ];
  const empty = (value: unknown) => Array.isArray(value) && value.length === 0;
  if (absent.some((part) => part != null) || !empty(file.added_tokens) || !empty(model.merges))
    return undefined;
  if (file.version !== VERSION || model.type !== "BPE" || fields(file.decoder).type !== decoder)
    return undefined;
  if (!isPreTokenizer(fields(file.pre_tokenizer))) return undefined;
  const entries = Object.entries(fields(model.vocab)).sort(([, a], [, b]) => Number(a) - Number(b));
  return entries.length > 0 && entries.every(([, id], i) => id === i)
    ? entries.map(([name]) => name)
    : undefined;
}

/** Whether `file` is what {@link bytesJSON} wrote. */
export function isBytes(file: Fields): boolean {
  const names = namesOf(
    file,
    ({ type, add_prefix_space, use_regex }) =>
      type === "ByteLevel" && add_prefix_space === false && use_regex === false,
    "ByteLevel",
  );
  return names?.length === 256 && names.every((name, byte) => name === byteName(byte));
}

/** The characters of what {@link charactersJSON} wrote, by id; undefined for any other file. */
export function charactersOf(file: Fields): readonly string[] | undefined {
  const names = namesOf(file, () => file.pre_tokenizer == null, "Fuse");
  return names?.every((name) => /^[^\p{Surrogate}]$/su.test(name)) ? names : undefined;
}

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {}; // an array has no such fields either
