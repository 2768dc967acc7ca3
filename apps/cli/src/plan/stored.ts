import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GPTConfig } from "@muladd/gpt";
import { CLIError } from "../errors.ts";
import type { ModelPlace } from "../locate.ts";
import { notAFlag, openPlace } from "../pretrained.ts";

/**
 * The configuration of a model that others wrote: of a folder's or a file's config.json, of a config.json itself, or of a GGUF
 * file. No tensor is read. Throws CLIError for what has none, and for one that is not supported, naming the field.
 */
export async function storedConfig(place: ModelPlace): Promise<GPTConfig> {
  const { kind, path, name } = place;
  if (kind === "file" && path.endsWith(".gguf")) return ggufConfig(place);
  const given = kind === "file" && path.endsWith(".json");
  const file = given ? path : join(kind === "file" ? dirname(path) : path, "config.json");
  if (!existsSync(file))
    throw new CLIError(`${name} says nothing about its model: there is no config.json beside it`, {
      why: `expected ${file}`,
    });
  const { readConfig } = await import("@muladd/gpt/huggingface");
  const shown = given ? name : `${kind === "file" ? dirname(name) : name}/config.json`;
  try {
    return readConfig(readFileSync(file, "utf8"), shown).config;
  } catch (error) {
    throw notAFlag(shown, error);
  }
}

/** Such a file says whether the head is a matrix of its own by having it. */
async function ggufConfig(place: ModelPlace): Promise<GPTConfig> {
  const { config, store, close } = await openPlace(place);
  await close();
  return store.tensors.has("output.weight") ? { ...config, tied: false } : config;
}
