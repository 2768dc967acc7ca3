import type { GGUFValue, GGUFValues } from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";
import { BYTE_LEVEL, CUTS, NO_VOCABULARY, TOKEN_TYPES } from "./gguf-cuts.ts";

const wrong = (key: string, why: string) =>
  new FormatError(`GGUF: tokenizer.ggml.${key} ${why}; put the model's tokenizer.json beside it`);

/** What a value of type `T` holds. */
type Held<T, V = GGUFValue> = V extends { readonly type: infer U; readonly value: infer Content }
  ? T extends U
    ? Content
    : never
  : never;

function value<T extends GGUFValue["type"]>(values: GGUFValues, key: string, type: T) {
  const found = values.get(`tokenizer.ggml.${key}`);
  const fits = (v: GGUFValue): v is GGUFValue & { readonly value: Held<T> } => v.type === type;
  if (found && !fits(found)) throw wrong(key, `is ${found.type}, expected ${type}`);
  return found?.value;
}

function needed<T extends GGUFValue["type"]>(values: GGUFValues, key: string, type: T) {
  const found = value(values, key, type);
  if (found === undefined) throw wrong(key, `is missing (${type} is needed)`);
  return found;
}

/** The vocabulary without what is only padding, and the tokens that are found before text is cut. */
function readTokens(values: GGUFValues) {
  const tokens = needed(values, "tokens", "string[]");
  const types = value(values, "token_type", "i32[]");
  if (types && types.length !== tokens.length)
    throw wrong("token_type", `has ${types.length} types for ${tokens.length} tokens`);
  const vocab = new Map<string, number>();
  const added: object[] = [];
  for (const [id, content] of tokens.entries()) {
    const type = types?.[id];
    if (type === TOKEN_TYPES.unused) continue;
    if (vocab.has(content)) throw wrong("tokens", `has ${JSON.stringify(content)} twice`);
    vocab.set(content, id);
    const special = type === TOKEN_TYPES.control;
    if (special || type === TOKEN_TYPES.userDefined) {
      const how = { single_word: false, lstrip: false, rstrip: false, normalized: false };
      added.push({ id, content, ...how, special });
    }
  }
  return { tokens, vocab, added };
}

function readMerges(values: GGUFValues): [string, string][] {
  return needed(values, "merges", "string[]").map((merge, i) => {
    const [left, right, more] = merge.split(" ");
    if (!left || !right || more !== undefined)
      throw wrong(`merges[${i}]`, `is ${JSON.stringify(merge)}, not two tokens`);
    return [left, right];
  });
}

/** Adds the beginning or end of text where the file, or its family, asks for it. */
function postProcessor(values: GGUFValues, tokens: readonly string[], addBos: boolean) {
  const special = (key: "bos" | "eos", byDefault: boolean) => {
    if (!(value(values, `add_${key}_token`, "bool") ?? byDefault)) return [];
    const id = needed(values, `${key}_token_id`, "u32");
    const content = tokens[id];
    if (content === undefined)
      throw wrong(`${key}_token_id`, `is ${id} of ${tokens.length} tokens`);
    return [{ id, content }];
  };
  const [bos, eos] = [special("bos", addBos), special("eos", false)];
  if (bos.length + eos.length === 0) return null;
  const piece = (content: string) => ({ SpecialToken: { id: content, type_id: 0 } });
  const text = (id: string) => [
    ...bos.map(({ content }) => piece(content)),
    { Sequence: { id, type_id: 0 } },
    ...eos.map(({ content }) => piece(content)),
  ];
  const entries = [...bos, ...eos].map(({ id, content }) => [
    content,
    { id: content, ids: [id], tokens: [content] },
  ]);
  return {
    type: "TemplateProcessing",
    single: text("A"),
    pair: [...text("A"), ...text("B")],
    special_tokens: Object.fromEntries(entries),
  };
}

/**
 * The tokenizer in a GGUF file's metadata as a Hugging Face `tokenizer.json`, which `loadTokenizer` reads. Byte-level BPE
 * (`tokenizer.ggml.model` "gpt2") with the cuts of GPT-2, SmolLM, Llama 3 and Qwen 2 and 3 (`tokenizer.ggml.pre`). Undefined
 * where the file says that it has none. Throws FormatError that names what is missing or not supported.
 */
export function ggufTokenizer(values: GGUFValues): object | undefined {
  const model = needed(values, "model", "string");
  if (model === NO_VOCABULARY) return undefined;
  if (model !== "gpt2")
    throw wrong("model", `is ${JSON.stringify(model)}; "gpt2" (byte-level BPE) is supported`);
  const pre = needed(values, "pre", "string");
  const cut = Object.hasOwn(CUTS, pre) ? CUTS[pre] : undefined;
  if (!cut)
    throw wrong("pre", `is ${JSON.stringify(pre)}; ${Object.keys(CUTS).join(", ")} are supported`);
  const { tokens, vocab, added } = readTokens(values);
  const bytes = { ...BYTE_LEVEL, use_regex: cut.gpt2 };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: cut.normalizer,
    pre_tokenizer: cut.first ? { type: "Sequence", pretokenizers: [cut.first, bytes] } : bytes,
    post_processor: postProcessor(values, tokens, cut.addBos),
    decoder: { ...BYTE_LEVEL, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: cut.ignoreMerges,
      vocab: Object.fromEntries(vocab),
      merges: readMerges(values),
    },
  };
}
