import { FormatError } from "@muladd/tensor";
import { ConfigError } from "../check-config.ts";
import { type GPTConfig, type GPTSizes, gptConfig } from "../config.ts";
import { families } from "./families.ts";
import type { Family } from "./family.ts";
import { DECODER, isHarmless } from "./harmless.ts";
import { type JSONObject, type Known, type Setting, show } from "./settings.ts";

/** Ids with a meaning. Empty or absent where a model has none. */
export interface SpecialIds {
  readonly bos?: number;
  /** Each of them ends a text. */
  readonly eos: readonly number[];
  readonly pad?: number;
}

/** What a config.json says. */
export interface ModelConfig {
  readonly family: Family;
  readonly config: GPTConfig;
  readonly ids: SpecialIds;
}

/**
 * Reads a config.json of Hugging Face's transformers, 4 or 5, as text or parsed. Absent fields mean what they mean there.
 * Throws {@link ConfigError} that names the field for what is not supported, not known, or cannot be, and FormatError for what
 * is no JSON object; `name` is how that calls it.
 */
export function readConfig(given: string | JSONObject, name = "config.json"): ModelConfig {
  const json = typeof given === "string" ? parseJSON(given, name) : given;
  const family = familyOf(json);
  checkFields(json, family);
  const { settings } = family;
  const known: Record<string, unknown> = { ...family.fixed };
  for (const [key, setting] of Object.entries(settings)) known[key] = setting.read(json, known);
  return { family, config: complete(known as GPTSizes & Known, settings), ids: readIds(json) }; // every family reads the sizes
}

/** Parses a JSON object. Throws {@link ConfigError} for NaN and Infinity, which Python writes, and FormatError for anything else. */
export function parseJSON(text: string, name: string): JSONObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const bare = bareNumber(text);
    if (bare) throw new ConfigError(bare.key, `is ${bare.value}`, `expected a number in ${name}`);
    throw new FormatError(
      `${name}: is not JSON: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new FormatError(`${name}: is ${show(json)}, expected an object`);
  return json as JSONObject; // an object, and no array
}

/** The first number that JSON does not have, and the string before it. Each character is looked at once. */
function bareNumber(text: string): { key: string; value: string } | undefined {
  const token = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"|(-?(?:NaN|Infinity))|[^"NI-]+|[NI-]/y;
  let key = "";
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [, string, value] = found;
    if (value !== undefined) return { key, value };
    if (string !== undefined) key = string;
  }
  return undefined;
}

function familyOf(json: JSONObject): Family {
  const { model_type: type, architectures } = json;
  const found = families.find(({ modelType, architecture }) =>
    type === undefined && Array.isArray(architectures)
      ? architectures[0] === architecture
      : type === modelType,
  );
  if (found) return found;
  throw new ConfigError(
    "model_type",
    type === undefined ? "is missing" : `is ${show(type)}, which is not supported`,
    `${families.map(({ modelType }) => modelType).join(", ")} are`,
  );
}

function checkFields(json: JSONObject, { modelType, settings, only, harmless }: Family): void {
  const fixed = { ...DECODER, ...only };
  const known = new Set(Object.values(settings).flatMap(({ names }) => names));
  for (const [field, value] of Object.entries(json)) {
    if (value === null || known.has(field) || isHarmless(field) || harmless.includes(field))
      continue;
    if (!Object.hasOwn(fixed, field))
      throw new ConfigError(
        field,
        `is ${show(value)}, and not known of ${modelType}`,
        "remove it if it changes nothing of what the model computes",
      );
    if (JSON.stringify(value) !== JSON.stringify(fixed[field]))
      throw new ConfigError(
        field,
        `is ${show(value)}, which is not supported`,
        `only ${show(fixed[field])} is`,
      );
  }
}

/** Checks what the settings make together, in the words of the file. */
function complete(known: GPTSizes & Known, settings: Family["settings"]): GPTConfig {
  try {
    return gptConfig(known);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const ours = /^\w+/.exec(error.field)?.[0] ?? "";
    const setting = Object.entries(settings).find(([key]) => key === ours)?.[1];
    const theirs: Pick<Setting<unknown>, "names"> | undefined = setting;
    throw theirs?.names[0]
      ? new ConfigError(`${theirs.names[0]} (${error.field})`, error.why, error.remedy)
      : error;
  }
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** `bos_token_id`, `eos_token_id` (one or a list) and `pad_token_id`, of a config.json or a generation_config.json. */
export function readIds(json: JSONObject): SpecialIds {
  const one = (field: string) => {
    const value = json[field] ?? undefined;
    // Some files have −1 for none.
    if (value === undefined || value === -1) return undefined;
    if (isId(value)) return value;
    throw new ConfigError(field, `is ${show(value)}`, "expected an id: a whole number");
  };
  const [bos, pad] = [one("bos_token_id"), one("pad_token_id")];
  const { eos_token_id: list } = json;
  if (Array.isArray(list) && !list.every(isId))
    throw new ConfigError("eos_token_id", `is ${show(list)}`, "expected an id, or a list of ids");
  const eos: number[] = Array.isArray(list) ? list : [one("eos_token_id") ?? []].flat();
  return { eos, ...(bos !== undefined && { bos }), ...(pad !== undefined && { pad }) };
}
