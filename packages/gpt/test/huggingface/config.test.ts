import fc from "fast-check";
import { expect, test } from "vitest";
import { familyFor, readConfig, writeConfig } from "../../src/huggingface/index.ts";
import { ConfigError, gptConfig } from "../../src/index.ts";
import { json, names, text } from "./fixtures.ts";

test.each(names)("%s: the words of transformers 4 and 5 mean the same", (name) => {
  expect(readConfig(text(name, "config.v4.json"))).toEqual(readConfig(text(name, "config.json")));
});

test.each(names)("%s: what is written says what transformers wrote", (name) => {
  const given = json(name);
  const { config, family, ids } = readConfig(given);
  const written = writeConfig(config, {
    family,
    ids,
    dtype: given.dtype === "bfloat16" ? "BF16" : "F32",
  });
  expect(readConfig(written)).toEqual({ family, config, ids });
  // Both words are there; but not what says nothing: null, and where windows would begin that there are none of.
  const said = { ...json(name, "config.v4.json"), ...given };
  for (const [field, value] of Object.entries(said))
    if (Object.hasOwn(written, field) && value !== null && field !== "max_window_layers")
      expect({ [field]: written[field] }).toEqual({ [field]: value });
});

test("absent fields mean what they mean in transformers", () => {
  const plain = (type: string) => readConfig({ model_type: type }).config;
  expect(plain("gpt2")).toEqual(
    gptConfig({
      vocabulary: 50257,
      context: 1024,
      width: 768,
      heads: 12,
      layers: 12,
      dropout: 0.1,
    }),
  );
  expect(plain("gpt_neo")).toMatchObject({
    context: 2048,
    width: 2048,
    heads: 16,
    layers: 24,
    hidden: 8192,
    attentionScale: 1,
    dropout: 0,
    tied: true,
  });
  expect(plain("gpt_neo").windows.slice(0, 4)).toEqual([null, 256, null, 256]);
  expect(plain("llama")).toMatchObject({
    kvHeads: 32,
    headWidth: 128,
    hidden: 11008,
    normEpsilon: 1e-6,
    tied: false,
  });
  expect(plain("qwen2")).toMatchObject({ kvHeads: 32, headWidth: 128, hidden: 22016, windows: [] });
  expect(plain("qwen3")).toMatchObject({ kvHeads: 32, headWidth: 128, qkNorm: true });
  const narrow = { num_attention_heads: 8, hidden_size: 512 };
  expect(readConfig({ model_type: "llama", ...narrow }).config).toMatchObject({
    kvHeads: 8,
    headWidth: 64,
  });
  expect(
    readConfig({ model_type: "qwen3", ...narrow, num_key_value_heads: null }).config,
  ).toMatchObject({
    kvHeads: 8,
    headWidth: 128,
  });
});

test("Llama 3.2's config.json, with the scaling in either words", () => {
  const rope = {
    factor: 32,
    high_freq_factor: 4,
    low_freq_factor: 1,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  };
  const given = { ...json("llama"), rope_parameters: undefined, max_position_embeddings: 131072 };
  const expected = {
    base: 5e5,
    scaling: { kind: "llama3", factor: 32, low: 1, high: 4, original: 8192 },
  };
  const old = readConfig({ ...given, rope_theta: 5e5, rope_scaling: rope });
  const now = readConfig({ ...given, rope_parameters: { ...rope, rope_theta: 5e5 } });
  expect(old.config.rotary).toEqual(expected);
  expect(now.config).toEqual(old.config);
});

const refused: readonly (readonly [
  base: string,
  change: Record<string, unknown>,
  field: string,
  why: RegExp,
])[] = [
  [
    "gpt2",
    { scale_attn_by_inverse_layer_idx: true },
    "scale_attn_by_inverse_layer_idx",
    /only false is/,
  ],
  ["gpt2", { scale_attn_weights: false }, "scale_attn_weights", /only true is/],
  ["gpt2", { add_cross_attention: true }, "add_cross_attention", /only false is/],
  ["gpt2", { n_ctx: 9 }, "n_ctx", /n_positions is 40/],
  ["gpt2", { activation_function: "relu6" }, "activation_function", /gelu_new, .* are/],
  ["gpt2", { n_embd: "24" }, "n_embd", /is "24"; expected a whole number/],
  ["gpt2", { n_head: 5 }, "n_embd (width)", /does not divide among 5 heads/],
  ["gpt2", { layer_norm_epsilon: -1 }, "layer_norm_epsilon", /above 0/],
  ["gpt2", { attn_pdrop: 1 }, "attn_pdrop", /below 1/],
  ["gpt2", { model_type: "gpt_neox" }, "model_type", /gpt2, gpt_neo, llama, qwen2, qwen3 are/],
  ["gpt2", { quantization_config: { bits: 4 } }, "quantization_config", /not known of gpt2/],
  ["gpt2", { eos_token_id: "x" }, "eos_token_id", /expected an id/],
  ["gpt_neo", { num_layers: 3 }, "attention_types", /3 layers in all/],
  ["gpt_neo", { attention_types: [[["global"], 1e12]] }, "attention_types", /which is more/],
  ["gpt_neo", { attention_layers: ["local", "local"] }, "attention_layers[0]", /make it "global"/],
  ["llama", { pretraining_tp: 2 }, "pretraining_tp", /only 1 is/],
  [
    "llama",
    { rope_parameters: { rope_type: "yarn", factor: 4 } },
    "rope_parameters.rope_type",
    /is "yarn"/,
  ],
  [
    "llama",
    { rope_scaling: { type: "longrope" } },
    "rope_scaling.rope_type",
    /default, linear, dynamic, llama3 are/,
  ],
  [
    "llama",
    { rope_parameters: { rope_type: "linear", factor: 2, beta: 1 } },
    "rope_parameters.beta",
    /not supported/,
  ],
  ["llama", { rope_parameters: { rope_type: "linear" } }, "rope_parameters.factor", /above 0/],
  ["llama", { rope_parameters: 7 }, "rope_parameters", /expected an object/],
  ["llama", { num_key_value_heads: 3 }, "num_key_value_heads (kvHeads)", /does not divide 4 heads/],
  ["llama", { head_dim: 7 }, "head_dim (headWidth)", /odd/],
  ["llama", { num_hidden_layers: 1e9 }, "num_hidden_layers", /1 to 10,000/],
  ["qwen2", { layer_types: ["full_attention"] }, "layer_types", /a list of 2/],
  [
    "qwen2",
    { layer_types: ["full_attention", "linear_attention"] },
    "layer_types[1]",
    /linear_attention/,
  ],
  ["qwen2", { use_sliding_window: false }, "layer_types", /no window/],
  ["qwen2", { use_mrope: true }, "use_mrope", /only false is/],
];

test.each(refused)("%s with %j is refused", (name, change, field, why) => {
  const read = () => readConfig({ ...json(name), ...change });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(expect.objectContaining({ field }));
  expect(read).toThrow(why);
});

test("GPT-2 as its first converters wrote it", () => {
  // gpt2-xl, gpt2-medium, distilgpt2
  const old = { output_past: true, n_special: 0, predict_special_tokens: true, _num_labels: 1 };
  expect(readConfig({ ...json("gpt2"), ...old })).toEqual(readConfig(json("gpt2")));
});

test("a broken file of many quotes takes no time", () => {
  expect(() => readConfig(`{"a": "${'\\"'.repeat(500_000)}`)).toThrow(/is not JSON/);
  expect(() => readConfig(`{"a": "\\"b", "c": [1, -Infinity`)).toThrow(
    expect.objectContaining({ field: "c", why: "is -Infinity" }),
  );
});

test("NaN, and what is no object, are refused by name", () => {
  const broken = text("llama", "config.json").replace(
    /"rms_norm_eps": [^,]+/,
    '"rms_norm_eps": NaN',
  );
  expect(() => readConfig(broken)).toThrow(
    expect.objectContaining({ field: "rms_norm_eps", why: "is NaN" }),
  );
  expect(() => readConfig("[]", "a/config.json")).toThrow(
    "a/config.json: is [], expected an object",
  );
  expect(() => readConfig("{", "a/config.json")).toThrow(/^a\/config.json: is not JSON/);
});

test("our own models are written as the family that can say what they are", () => {
  const sizes = { vocabulary: 65, context: 32, width: 16, heads: 2, layers: 2 };
  expect(familyFor(gptConfig(sizes)).modelType).toBe("gpt2");
  const llama = { norm: "rms", gated: true, positions: "rotary", bias: false } as const;
  expect(familyFor(gptConfig({ ...sizes, ...llama })).modelType).toBe("llama");
  expect(familyFor(gptConfig({ ...sizes, ...llama, qkNorm: true })).modelType).toBe("qwen3");
  for (const [given, field] of [
    [{ normPlace: "after" }, "normPlace"],
    [{ bias: false }, "bias"],
    [{ ...llama, windows: [4, 8] }, "windows"],
  ] as const)
    expect(() => familyFor(gptConfig({ ...sizes, ...given }))).toThrow(
      expect.objectContaining({ field }),
    );
});

/** A value of another kind, or another value of the same. */
const other = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1, 2, 3, 1.5, 1e30, "", "silu", "linear", [], {}, [[]]),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.string(),
  fc.array(fc.constantFrom<unknown>(null, 1, "full_attention", ["local"], {}), { maxLength: 3 }),
);

test("10,000 mutated config.json: an error that names a field, or what transformers makes of it", () => {
  const all = names.flatMap((name) => [json(name), json(name, "config.v4.json")]);
  const fields = [...new Set(all.flatMap((one) => Object.keys(one)))];
  const mutation = fc.record({
    base: fc.constantFrom(...all),
    changes: fc.dictionary(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...fields) },
        { weight: 1, arbitrary: fc.string({ minLength: 1 }) },
      ),
      fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 4, arbitrary: other }),
      { minKeys: 1, maxKeys: 3 },
    ),
  });
  let read = 0;
  fc.assert(
    fc.property(mutation, ({ base, changes }) => {
      const mutant = JSON.parse(JSON.stringify({ ...base, ...changes }));
      let found: ReturnType<typeof readConfig>;
      try {
        found = readConfig(mutant);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.field).not.toBe("");
        return;
      }
      read++;
      // A right answer: it says the same again, and every size is the one given.
      expect(readConfig(writeConfig(found.config, found)).config).toEqual(found.config);
      const width = mutant.hidden_size ?? mutant.n_embd;
      if (typeof width === "number") expect(found.config.width).toBe(width);
    }),
    { numRuns: 10_000, seed: 7 },
  );
  expect(read).toBeGreaterThan(500);
}, 60_000);
