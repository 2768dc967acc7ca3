import { readFileSync } from "node:fs";
import { blobFiles, blobTarget, type GGUFValue, openGGUF } from "@muladd/checkpoint";
import { init } from "@muladd/nn";
import { FormatError } from "@muladd/tensor";
import { characters, loadTokenizer, type Tokenizer, trainBPE } from "@muladd/tokenizer";
import { expect, test } from "vitest";
import { ggufTokenizer } from "../../src/huggingface/gguf-tokenizer.ts";
import { ggufTokenizerValues } from "../../src/huggingface/gguf-tokenizer-values.ts";
import { ggufLacks, openPretrained, writeGGUFModel } from "../../src/huggingface/index.ts";
import { GPT, gptConfig } from "../../src/index.ts";
import { backend, load } from "./fixtures.ts";

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

/** A GGUF file of a model of 500 tokens, its values, and what is read of it. */
async function written(tokenizer: Tokenizer) {
  const sizes = { vocabulary: 500, context: 8, width: 8, heads: 2, layers: 1 };
  const model = new GPT(gptConfig(sizes), init(backend, 0));
  const target = blobTarget();
  const ids = { eos: [401], pad: 402 };
  await writeGGUFModel(target, "m.gguf", model, { tokenizer, ids });
  const files = blobFiles(target.files);
  const { values } = await openGGUF((await files.open("m.gguf"))!);
  return {
    at: (key: string) => values.get(`tokenizer.ggml.${key}`)?.value,
    read: await openPretrained(files),
  };
}

test.each([
  ["gpt2", "gpt-2", false],
  ["smollm2", "smollm", false],
  ["llama3", "llama-bpe", true],
  ["qwen2", "qwen2", false],
] as const)(
  "%s is written with a model, a token for each of its rows, and is the same when it is read",
  async (name, pre, addBos) => {
    const { file, samples } = family(name);
    const { at, read } = await written(loadTokenizer(file));
    expect([at("model"), at("pre"), at("add_bos_token")]).toEqual(["gpt2", pre, addBos]);
    expect(read.ids).toEqual({ eos: [401], pad: 402, ...(addBos && { bos: 400 }) });
    expect(at("tokens")).toHaveLength(500);
    expect([
      Array(at("tokens")).flat().at(-1),
      Array.from(Object(at("token_type"))).at(-1),
    ]).toEqual(["[PAD499]", 5]);
    for (const { content, id, special } of file.added_tokens)
      expect([content, Object(at("token_type"))[id]]).toEqual([content, special ? 3 : 4]);
    const { tokenizer } = read;
    expect(tokenizer?.size).toBe(loadTokenizer(file).size);
    for (const { text, ids } of samples)
      expect([text, ...tokenizer!.encode(text, { allowedSpecial: "all" })]).toEqual([text, ...ids]);
  },
);

test("ids that are ranks are written, though their pieces are whole", async () => {
  const text = "the cat sat on the mat with 1234 hats. ".repeat(9);
  const tokenizer = trainBPE(text, { vocabulary: 290, order: "byte" });
  const { at, read } = await written(tokenizer);
  expect(at("pre")).toBe("gpt-2");
  expect(read.tokenizer?.encode(text)).toEqual(tokenizer.encode(text));
});

test("a model without a tokenizer says so, and how many ids it has", async () => {
  const { model, ids } = await load("qwen3");
  const target = blobTarget();
  await writeGGUFModel(target, "m.gguf", model, { ids });
  const files = blobFiles(target.files);
  const { values } = await openGGUF((await files.open("m.gguf"))!);
  expect(values.get("tokenizer.ggml.model")).toEqual({ type: "string", value: "no_vocab" });
  expect(values.get("qwen3.vocab_size")).toEqual({ type: "u32", value: 61 });
  const read = await openPretrained(files);
  expect([read.tokenizer, read.ids]).toEqual([undefined, ids]);
});

test("what llama.cpp's converter writes of a tokenizer.json is written", () => {
  const one = family("llama3");
  const values = ggufTokenizerValues(one.file, { vocabulary: 404 });
  for (const [key, value] of valuesOf(one, "llama-bpe", bos))
    expect(values.get(key)).toEqual(value);
});

test.each([
  ["llama2", /model has byte_fallback; byte-level BPE as of gpt-2, smollm, llama-bpe, qwen2 can/],
  ["metaspace-always", /normalizer, pre_tokenizer and ignore_merges cut otherwise; byte-level/],
  ["lowercase", /normalizer, pre_tokenizer and ignore_merges cut otherwise; byte-level/],
])("%s cannot be written to GGUF", async (name, message) => {
  const tokenizer = loadTokenizer(family(name).file);
  expect(ggufLacks(tokenizer, 700)).toMatch(message);
  await expect(written(tokenizer)).rejects.toThrow(message);
});

test("characters cannot be written to GGUF", () => {
  expect(ggufLacks(characters("abc"), 700)).toBe(
    "GGUF: holds byte-level BPE, and this tokenizer is of characters",
  );
  expect(ggufLacks(loadTokenizer(family("gpt2").file), 700)).toBe(undefined);
});

test("a tokenizer with more tokens than the model has rows is an error", () => {
  const { file } = family("gpt2");
  expect(() => ggufTokenizerValues(file, { vocabulary: 300 })).toThrow(
    /the tokenizer has 451 tokens, the model 300/,
  );
});
