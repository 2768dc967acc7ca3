import type { GGUFValue, GGUFValues } from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";
import { CUTS, TOKEN_TYPES } from "./gguf-cuts.ts";

/** What a tokenizer.json does not say. */
export interface GGUFTokenizerOptions {
  /** Rows of the embedding: tokens beyond the tokenizer's are padding, since llama.cpp wants as many tokens as rows. */
  readonly vocabulary?: number;
  /** Merges are made of ranks: each token is what they make of its bytes, so that `ignore_merges` changes nothing. */
  readonly ranks?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const unsupported = (what: string) =>
  new FormatError(
    `GGUF: tokenizer.json: ${what}; byte-level BPE as of ${Object.keys(CUTS).join(", ")} can be written`,
  );

function fields(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null)
    throw new FormatError(
      `GGUF: tokenizer.json: ${path} is ${JSON.stringify(value)}, not an object`,
    );
  return { ...value };
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const parts = (value: unknown, name: string): Fields[] => {
  if (value === null || value === undefined) return [];
  const part = fields(value, name);
  return part.type === "Sequence"
    ? list(part[name === "post_processor" ? "processors" : "pretokenizers"]).map((one) =>
        fields(one, name),
      )
    : [part];
};

/** Parts are data, in the order in which tokenizers writes them. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The name of how text is cut. */
function preOf(file: Fields, ranks: boolean): string {
  const cuts = parts(file.pre_tokenizer, "pre_tokenizer");
  const bytes = cuts.at(-1);
  const ignoreMerges = fields(file.model, "model").ignore_merges === true;
  const found = Object.entries(CUTS).find(
    ([, cut]) =>
      cuts.length === (cut.first ? 2 : 1) &&
      (!cut.first || same(cuts[0], cut.first)) &&
      bytes?.type === "ByteLevel" &&
      bytes.add_prefix_space === false &&
      (bytes.use_regex ?? true) === cut.gpt2 &&
      same(file.normalizer ?? null, cut.normalizer) &&
      (ranks || ignoreMerges === cut.ignoreMerges),
  );
  if (!found) throw unsupported("normalizer, pre_tokenizer and ignore_merges cut otherwise");
  return found[0];
}

/** The special tokens that a text begins and ends with. */
function around(file: Fields): {
  readonly bos: string | undefined;
  readonly eos: string | undefined;
} {
  const templates = parts(file.post_processor, "post_processor").filter(
    ({ type }) => type !== "ByteLevel",
  );
  if (templates.length === 0) return { bos: undefined, eos: undefined };
  const pieces = list(templates[0]?.single).map((piece) => fields(piece, "post_processor.single"));
  const at = pieces.findIndex(({ Sequence }) => Sequence !== undefined);
  if (
    templates.length > 1 ||
    templates[0]?.type !== "TemplateProcessing" ||
    at < 0 ||
    at > 1 ||
    pieces.length > at + 2
  )
    throw unsupported("post_processor is more than a token before and after the text");
  const content = (piece: Fields | undefined) =>
    piece && String(fields(piece.SpecialToken, "post_processor.single").id);
  return { bos: content(at === 1 ? pieces[0] : undefined), eos: content(pieces[at + 1]) };
}

function tokensOf(file: Fields, size: number) {
  const names = new Map<number, string>();
  const types = new Map<number, number>();
  for (const [token, id] of Object.entries(fields(fields(file.model, "model").vocab, "vocab")))
    names.set(Number(id), token);
  for (const one of list(file.added_tokens)) {
    const { id, content, special } = fields(one, "added_tokens");
    names.set(Number(id), String(content));
    types.set(Number(id), special === true ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  const count = Math.max(size, ...Array.from(names.keys(), (id) => id + 1));
  if (size > 0 && count > size)
    throw new FormatError(`GGUF: the tokenizer has ${count} tokens, the model ${size}`);
  const ids = Array.from({ length: count }, (_, id) => id);
  const plain = (id: number) => (names.has(id) ? TOKEN_TYPES.normal : TOKEN_TYPES.unused);
  return {
    tokens: ids.map((id) => names.get(id) ?? `[PAD${id}]`),
    types: Int32Array.from(ids, (id) => types.get(id) ?? plain(id)),
  };
}

/**
 * `tokenizer.ggml.*` of a Hugging Face `tokenizer.json` (its text, parsed): what {@link ggufTokenizer} reads, and llama.cpp.
 * Byte-level BPE with the cuts of GPT-2, SmolLM, Llama 3 and Qwen 2. Throws FormatError for any other.
 */
export function ggufTokenizerValues(json: unknown, options: GGUFTokenizerOptions = {}): GGUFValues {
  const file = fields(json, "(whole file)");
  const model = fields(file.model, "model");
  if (model.type !== "BPE") throw unsupported(`model is ${String(model.type)}`);
  if (model.byte_fallback === true) throw unsupported("model has byte_fallback");
  const pre = preOf(file, options.ranks ?? false);
  const { bos, eos } = around(file);
  const { tokens, types } = tokensOf(file, options.vocabulary ?? 0);
  const merges = list(model.merges).map((pair) =>
    Array.isArray(pair) ? pair.join(" ") : String(pair),
  );
  const values = new Map<string, GGUFValue>();
  const set = (key: string, value: GGUFValue) => values.set(`tokenizer.ggml.${key}`, value);
  set("model", { type: "string", value: "gpt2" });
  set("pre", { type: "string", value: pre });
  set("tokens", { type: "string[]", value: tokens });
  set("token_type", { type: "i32[]", value: types });
  set("merges", { type: "string[]", value: merges });
  if (bos !== undefined) set("bos_token_id", { type: "u32", value: tokens.indexOf(bos) });
  if (eos !== undefined) set("eos_token_id", { type: "u32", value: tokens.indexOf(eos) });
  set("add_bos_token", { type: "bool", value: bos !== undefined });
  set("add_eos_token", { type: "bool", value: eos !== undefined });
  return values;
}
