import { type GGUFStore, type GGUFValue, type GGUFValues, toFloat32 } from "@muladd/checkpoint";
import { rotaryFrequencies, scaledFrequencies } from "@muladd/nn";
import { ConfigError } from "../check-config.ts";
import type { GPTConfig } from "../config.ts";
import { families } from "./families.ts";
import type { Family } from "./family.ts";
import { type ModelConfig, readConfig } from "./read-config.ts";
import { type JSONObject, show } from "./settings.ts";
import { settingsOf } from "./write-config.ts";

/** Llama 3.1's factors on wavelengths, as a tensor: (D/2). */
export const ROPE_FACTORS = "rope_freqs.weight";

/** What all Llama 3.1, 3.2 and 3.3 have: the file holds the factors that follow, and not these, but perhaps the last. */
const LLAMA3 = { low: 1, high: 4, original: 8192 };
const ORIGINAL = "rope.scaling.original_context_length";

/** Keys that a file need not have. */
const ABSENT = ["attention.key_length", "attention.head_count_kv"];

/** Keys that follow from others, or change nothing. */
const DERIVED = ["vocab_size", "tensor_data_layout", "rope.dimension_count"];
const SCALING = ["rope.scaling.type", "rope.scaling.factor", ORIGINAL];

/** Reads what a GGUF file says about its model. Throws {@link ConfigError} that names the key for what is not supported. */
export async function readGGUFConfig(store: GGUFStore): Promise<ModelConfig> {
  const family = familyOf(store.values);
  const json = await jsonOf(store, family);
  const special = (name: string) => number(store.values.get(`tokenizer.ggml.${name}_token_id`));
  return readConfig({
    ...json,
    bos_token_id: special("bos"),
    eos_token_id: special("eos"),
    pad_token_id: special("padding"),
  });
}

/** The values that describe a model. Throws {@link ConfigError} when GGUF cannot say what it is. */
export function ggufValues(config: GPTConfig, family: Family): Map<string, GGUFValue> {
  const { gguf } = family;
  if (!gguf) throw unsupported(family.modelType);
  const key = (name: string) => `${gguf.architecture}.${name}`;
  const values = new Map<string, GGUFValue>([
    ["general.architecture", { type: "string", value: gguf.architecture }],
  ]);
  const json = settingsOf(config, family);
  for (const [name, field] of Object.entries(gguf.keys)) {
    const value = Number(json[field]);
    const type = /epsilon|base/.test(name) ? "f32" : "u32";
    values.set(key(name), { type, value });
  }
  const { rotary, headWidth, gated, activation } = config;
  if (!gated && activation !== "geluTanh")
    throw new ConfigError(
      "activation",
      `is ${activation}, which GGUF cannot say`,
      "write a folder",
    );
  if (rotary) {
    values.set(key("attention.value_length"), { type: "u32", value: headWidth });
    values.set(key("rope.dimension_count"), { type: "u32", value: headWidth });
    if (rotary.scaling?.kind === "linear") {
      values.set(key("rope.scaling.type"), { type: "string", value: "linear" });
      values.set(key("rope.scaling.factor"), { type: "f32", value: rotary.scaling.factor });
    } else if (rotary.scaling?.kind === "dynamic")
      throw new ConfigError(
        "rotary.scaling",
        "is dynamic, which GGUF cannot say",
        "write a folder",
      );
    else if (rotary.scaling) {
      const { low, high, original } = rotary.scaling;
      if (low !== LLAMA3.low || high !== LLAMA3.high)
        throw new ConfigError(
          "rotary.scaling",
          `is llama3 with low ${low} and high ${high}, which GGUF cannot say`,
          "write a folder",
        );
      values.set(key(ORIGINAL), { type: "u32", value: original });
    }
  }
  if (config.windows.length > 0)
    throw new ConfigError("windows", "are there, which GGUF cannot say", "write a folder");
  return values;
}

/** Factors of {@link ROPE_FACTORS}; undefined where positions are not scaled so. */
export function ropeFactors({
  rotary,
  headWidth,
}: GPTConfig): Float32Array<ArrayBuffer> | undefined {
  if (rotary?.scaling?.kind !== "llama3") return undefined;
  const scaled = scaledFrequencies(headWidth, rotary.base, rotary.scaling);
  return Float32Array.from(rotaryFrequencies(headWidth, rotary.base), (f, i) => f / scaled[i]!);
}

const unsupported = (architecture: unknown) =>
  new ConfigError(
    "general.architecture",
    `is ${show(architecture)}, which is not supported`,
    `${families.flatMap(({ gguf }) => gguf?.architecture ?? []).join(", ")} are`,
  );

function familyOf(values: GGUFValues): Family {
  const architecture = values.get("general.architecture")?.value;
  const found = families.find(({ gguf }) => gguf?.architecture === architecture);
  if (!found || architecture === undefined) throw unsupported(architecture);
  return found;
}

const number = (value: GGUFValue | undefined): number | undefined =>
  typeof value?.value === "number" || typeof value?.value === "bigint"
    ? Number(value.value)
    : undefined;

/** The config.json that a file's values make. */
async function jsonOf(store: GGUFStore, family: Family): Promise<JSONObject> {
  const { values, tensors } = store;
  const { architecture, keys } = family.gguf!; // familyOf found it by its architecture
  const json: Record<string, unknown> = {
    model_type: family.modelType,
    vocab_size: tensors.get("token_embd.weight")?.shape[0],
    tie_word_embeddings: !tensors.has("output.weight"),
  };
  for (const [name, field] of Object.entries(keys)) {
    const value = number(values.get(`${architecture}.${name}`));
    if (value !== undefined) json[field] = value;
    else if (/length|count$/.test(name) && !ABSENT.includes(name))
      throw new ConfigError(`${architecture}.${name}`, "is missing", "the file is not whole");
  }
  // Here absent key heads are as many as heads; a config.json of Qwen has 32 then.
  if (json.num_attention_heads !== undefined) json.num_key_value_heads ??= json.num_attention_heads;
  const length = number(values.get(`${architecture}.attention.value_length`));
  if (length !== undefined && length !== (json.head_dim ?? length))
    throw new ConfigError(
      `${architecture}.attention.value_length`,
      `is ${length}, and not attention.key_length`,
      "such models are not supported",
    );
  const width = Number(json.hidden_size) / Number(json.num_attention_heads);
  const rotated = number(values.get(`${architecture}.rope.dimension_count`));
  if (rotated !== undefined && rotated !== (json.head_dim ?? width))
    throw new ConfigError(
      `${architecture}.rope.dimension_count`,
      `is ${rotated}, and not the width of a head`,
      "such models are not supported",
    );
  const known = [...Object.keys(keys), ...DERIVED, ...SCALING, "attention.value_length"];
  for (const [key, { value }] of values)
    if (
      key.startsWith(`${architecture}.`) &&
      !known.includes(key.slice(architecture.length + 1)) &&
      value !== 0
    )
      throw new ConfigError(
        key,
        `is ${show(Number(value) || String(value))}`,
        "it is not supported",
      );
  if (family.settings.bias) {
    json.attention_bias = tensors.has("blk.0.attn_q.bias");
    if (family.settings.bias.names.includes("mlp_bias"))
      json.mlp_bias = tensors.has("blk.0.ffn_up.bias");
  }
  const scaling = await scalingOf(store, architecture, json);
  return scaling ? { ...json, rope_scaling: scaling } : json;
}

async function scalingOf(
  { values, tensors }: GGUFStore,
  architecture: string,
  { rope_theta: base = 10_000, head_dim, hidden_size, num_attention_heads }: JSONObject,
): Promise<JSONObject | undefined> {
  const type = values.get(`${architecture}.rope.scaling.type`)?.value ?? "none";
  const stored = tensors.get(ROPE_FACTORS);
  if (type !== "none")
    return { rope_type: type, factor: number(values.get(`${architecture}.rope.scaling.factor`)) };
  if (!stored) return undefined;
  const original = number(values.get(`${architecture}.${ORIGINAL}`)) ?? LLAMA3.original;
  const factors = toFloat32(await stored.read(), stored.dtype);
  const factor = Math.max(...factors);
  const headWidth = Number(head_dim ?? Number(hidden_size) / Number(num_attention_heads));
  const scaling = { kind: "llama3", factor, ...LLAMA3, original } as const;
  const scaled = scaledFrequencies(headWidth, Number(base), scaling);
  const plain = rotaryFrequencies(headWidth, Number(base));
  const agree =
    factors.length === plain.length &&
    plain.every((f, i) => Math.abs(f / scaled[i]! / factors[i]! - 1) < 1e-4);
  if (!agree)
    throw new ConfigError(
      ROPE_FACTORS,
      `has other factors than those of Llama 3.1 to 3.3 with an original context of ${original}`,
      "load the Hugging Face folder",
    );
  return {
    rope_type: "llama3",
    factor,
    low_freq_factor: LLAMA3.low,
    high_freq_factor: LLAMA3.high,
    original_max_position_embeddings: original,
  };
}
