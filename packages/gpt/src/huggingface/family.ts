import type { GPTConfig } from "../config.ts";
import type { GGUFNames } from "./gguf-names.ts";
import type { Settings } from "./settings.ts";

/** What Hugging Face's transformers calls a model, as data: how its config.json and its tensors are ours. */
export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** The class in transformers, as `architectures` names it. */
  readonly architecture: string;
  /** What every model of the family has, and its config.json does not say. */
  readonly fixed: Partial<GPTConfig>;
  /** What config.json says. */
  readonly settings: Settings;
  /** Fields with one value that is supported; another is an error. */
  readonly only: Readonly<Record<string, unknown>>;
  /** Fields that change nothing of what a model computes, beside those that every config.json may have. */
  readonly harmless: readonly string[];
  /** Begins the names of tensors, and may be left out. */
  readonly prefix: string;
  /**
   * Names of parameters → names of tensors; * is the layer. Three tensors are the queries', keys' and values' rows of one
   * parameter, in that order.
   */
  readonly names: Readonly<Record<string, string | readonly [q: string, k: string, v: string]>>;
  /** Tensors that are stored (in, out), not (out, in). */
  readonly transposed?: RegExp;
  /** Tensors that old files hold and that say nothing: masks, tables. */
  readonly ignored: RegExp;
  /** Absent where llama.cpp has no such architecture. */
  readonly gguf?: GGUFNames;
}
