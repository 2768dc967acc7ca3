import { readFileSync } from "node:fs";
import type { GGUFValue } from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";
import { loadTokenizer } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { ggufTokenizer } from "../../src/huggingface/gguf-tokenizer.ts";
import { ggufTokenizerValues } from "../../src/huggingface/gguf-tokenizer-values.ts";

/** What Hugging Face tokenizers made of texts; see tooling/fixtures/tokenizer_families.py. */
interface Family {
  readonly file: {
    readonly added_tokens: readonly { id: number; content: string; special: boolean }[];
    readonly model: {
      readonly vocab: Readonly<Record<string, number>>;
      readonly merges: readonly (readonly [string, string])[];
    };
  };
  readonly samples: readonly { text: string; ids: number[]; decoded: string }[];
}

const families = new URL("../../../tokenizer/test/fixtures/families/", import.meta.url);
const family = (name: string): Family =>
  JSON.parse(readFileSync(new URL(`${name}.json`, families), "utf8"));

/** The metadata that llama.cpp's converter writes of a tokenizer.json. */
function valuesOf({ file }: Family, pre: string, more: Readonly<Record<string, GGUFValue>> = {}) {
  const { vocab, merges } = file.model;
  const size = 1 + Math.max(...Object.values(vocab), ...file.added_tokens.map(({ id }) => id));
  const tokens = Array.from({ length: size + 1 }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(size + 1).fill(5);
  for (const [token, id] of Object.entries(vocab)) {
    tokens[id] = token;
    types[id] = 1;
  }
  for (const { id, content, special } of file.added_tokens) {
    tokens[id] = content;
    types[id] = special ? 3 : 4;
  }
  return new Map<string, GGUFValue>(
    Object.entries<GGUFValue>({
      model: { type: "string", value: "gpt2" },
      pre: { type: "string", value: pre },
      tokens: { type: "string[]", value: tokens },
      token_type: { type: "i32[]", value: types },
      merges: { type: "string[]", value: merges.map((pair) => pair.join(" ")) },
      ...more,
    }).map(([key, value]) => [`tokenizer.ggml.${key}`, value]),
  );
}

const bos = { bos_token_id: { type: "u32", value: 400 } } as const;

test.each([
  ["gpt2", "gpt-2", {}],
  ["smollm2", "smollm", {}],
  ["llama3", "llama-bpe", bos],
  ["qwen2", "qwen2", {}],
] as const)("%s by way of GGUF has the ids of Hugging Face", (name, pre, more) => {
  const one = family(name);
  const tokenizer = loadTokenizer(ggufTokenizer(valuesOf(one, pre, more)));
  expect(one.samples.length).toBeGreaterThan(20);
  for (const { text, ids, decoded } of one.samples) {
    expect([text, ...tokenizer.encode(text, { allowedSpecial: "all" })]).toEqual([text, ...ids]);
    expect(tokenizer.decode(ids)).toBe(decoded);
  }
});

test("what the file says of beginning and end goes before what its family does", () => {
  const add = { type: "bool", value: true } as const;
  const eos = { eos_token_id: { type: "u32", value: 401 }, add_eos_token: add } as const;
  const encode = (more: Readonly<Record<string, GGUFValue>>) => [
    ...loadTokenizer(ggufTokenizer(valuesOf(family("llama3"), "llama-bpe", more))).encode("a"),
  ];
  expect(encode({ ...bos, ...eos })).toEqual([400, 64, 401]);
  expect(encode({ add_bos_token: { ...add, value: false } })).toEqual([64]);
});

const text = (value: string): GGUFValue => ({ type: "string", value });
test.each<[Readonly<Record<string, GGUFValue>>, RegExp]>([
  [
    { model: text("llama") },
    /tokenizer\.ggml\.model is "llama"; "gpt2" .*tokenizer\.json beside it/,
  ],
  [{ pre: text("default") }, /ggml\.pre is "default"; gpt-2, smollm, llama-bpe, qwen2 are/],
  [{ pre: text("constructor") }, /ggml\.pre is "constructor"/],
  [{ pre: { type: "u32", value: 1 } }, /ggml\.pre is u32, expected string/],
  [{ tokens: { type: "string[]", value: ["a", "a"] } }, /token_type has 452 types for 2 tokens/],
  [{ merges: { type: "string[]", value: ["a"] } }, /merges\[0\] is "a", not two tokens/],
  [{ add_bos_token: { type: "bool", value: true } }, /bos_token_id is missing \(u32 is needed\)/],
  [
    {
      add_bos_token: { type: "bool", value: true },
      bos_token_id: { type: "u32", value: 999 },
    },
    /bos_token_id is 999 of 452 tokens/,
  ],
])("metadata with %o is an error", (more, message) => {
  const values = valuesOf(family("gpt2"), "gpt-2", more);
  expect(() => ggufTokenizer(values)).toThrow(FormatError);
  expect(() => ggufTokenizer(values)).toThrow(message);
});

test("a file without a tokenizer is an error", () => {
  expect(() => ggufTokenizer(new Map())).toThrow(/tokenizer\.ggml\.model is missing/);
});

test.each([
  ["gpt2", "gpt-2"],
  ["smollm2", "smollm"],
  ["llama3", "llama-bpe"],
  ["qwen2", "qwen2"],
])("%s is written to GGUF, and is the same when it is read", (name, pre) => {
  const { file, samples } = family(name);
  const values = ggufTokenizerValues(file, { vocabulary: 500, eos: 401 });
  const at = (key: string) => values.get(`tokenizer.ggml.${key}`)?.value;
  expect([at("pre"), at("eos_token_id")]).toEqual([pre, 401]);
  expect(at("tokens")).toHaveLength(500);
  const tokenizer = loadTokenizer(ggufTokenizer(values));
  for (const { text, ids } of samples)
    expect([text, ...tokenizer.encode(text, { allowedSpecial: "all" })]).toEqual([text, ...ids]);
});

test("what llama.cpp's converter writes of a tokenizer.json is written", () => {
  const one = family("llama3");
  const values = ggufTokenizerValues(one.file, { vocabulary: 404 });
  for (const [key, value] of valuesOf(one, "llama-bpe", bos))
    expect(values.get(key)).toEqual(value);
});

test.each([
  ["llama2", /model is BPE, not byte-level BPE/],
  ["lowercase", /normalizer, pre_tokenizer and ignore_merges make a cut, which llama\.cpp has no/],
])("%s cannot be written to GGUF", (name, message) => {
  expect(() => ggufTokenizerValues(family(name).file)).toThrow(message);
});

test("a tokenizer with more tokens than the model has rows is an error", () => {
  const { file } = family("gpt2");
  expect(() => ggufTokenizerValues(file, { vocabulary: 300 })).toThrow(
    /the tokenizer has 451 tokens, the model 300/,
  );
});
