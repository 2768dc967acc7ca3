import { ConfigError } from "../check-config.ts";
import { biasesOf, type GPTConfig } from "../config.ts";
import { families } from "./families.ts";
import type { Family } from "./family.ts";
import { readConfig, type SpecialIds } from "./read-config.ts";
import { type JSONObject, show } from "./settings.ts";

/** How weights are stored, and how transformers calls it. */
export const TORCH_TYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

export interface WriteConfigOptions {
  /** Default: the first family whose config.json can say it. */
  readonly family?: Family | undefined;
  readonly ids?: SpecialIds | undefined;
  /** Of the tensors beside it. Default "F32". */
  readonly dtype?: keyof typeof TORCH_TYPES;
}

/**
 * A config.json in the words of transformers 5, and where they differ in those of 4 as well. Throws {@link ConfigError} that
 * names the setting when the family, or none, can say it. Dropouts that a family has no field for are left out.
 */
export function writeConfig(config: GPTConfig, options: WriteConfigOptions = {}): JSONObject {
  const { family = familyFor(config), ids = { eos: [] }, dtype = "F32" } = options;
  const json = settingsOf(config, family);
  const field = lost(config, json);
  if (field !== undefined) throw cannotSay(config, field, `config.json of ${family.modelType}`);
  const eos = ids.eos.length > 1 ? ids.eos : ids.eos[0];
  return {
    architectures: [family.architecture],
    model_type: family.modelType,
    dtype: TORCH_TYPES[dtype],
    torch_dtype: TORCH_TYPES[dtype],
    bos_token_id: ids.bos ?? null,
    eos_token_id: eos ?? null,
    pad_token_id: ids.pad ?? null,
    ...json,
  };
}

/** The first family whose config.json can say what `config` does. Throws {@link ConfigError} when there is none. */
export function familyFor(config: GPTConfig): Family {
  // The nearest is the one that gets furthest, since settings are compared in one order.
  let nearest: { field: keyof GPTConfig; at: number } | undefined;
  for (const family of families) {
    const field = lost(config, settingsOf(config, family));
    if (field === undefined) return family;
    const at = Object.keys(config).indexOf(field);
    if (!nearest || at > nearest.at) nearest = { field, at };
  }
  throw cannotSay(config, nearest?.field ?? "layers", "config.json of any family");
}

const cannotSay = (config: GPTConfig, field: keyof GPTConfig, what: string) =>
  new ConfigError(
    field,
    `is ${show(config[field])}, which no ${what} can say`,
    `families are ${families.map(({ modelType }) => modelType).join(", ")}: choose settings of one of them`,
  );

/** What the family's settings make of a configuration. */
export function settingsOf(config: GPTConfig, { modelType, settings }: Family): JSONObject {
  const json: Record<string, unknown> = { model_type: modelType };
  const write = <Name extends keyof GPTConfig>(name: Name) =>
    Object.assign(json, settings[name]?.write(config[name], config));
  for (const name of Object.keys(settings)) write(name as keyof GPTConfig); // the keys of Settings
  return json;
}

/** What is not used: amplitudes of sinusoids that are not there, and dropouts, which do not change what a model has learned. */
const IDLE = ["dropout", "positionScale"];

/** A setting that does not come back from `json`. */
function lost(config: GPTConfig, json: JSONObject): keyof GPTConfig | undefined {
  let back: GPTConfig;
  try {
    back = readConfig(json).config;
  } catch (error) {
    if (error instanceof ConfigError) return nameOf(config, error.field);
    throw error;
  }
  const plain = (c: GPTConfig, name: keyof GPTConfig) =>
    JSON.stringify(name === "bias" ? biasesOf(c) : sorted(c[name]));
  return (Object.keys(config) as (keyof GPTConfig)[]).find(
    (name) => !IDLE.includes(name) && plain(config, name) !== plain(back, name),
  );
}

/** The setting behind a field of the file, where that could not be read back. */
const nameOf = (config: GPTConfig, field: string): keyof GPTConfig =>
  (Object.keys(config) as (keyof GPTConfig)[]).find((name) => field.includes(name)) ?? "activation";

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, inner]) => [key, sorted(inner)]),
      )
    : value;
