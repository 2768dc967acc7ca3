import { type FileTarget, fromFloat32, type TensorToWrite, writeShards } from "@muladd/checkpoint";
import { namedParameters } from "@muladd/nn";
import { FormatError, type Parameter, permute, slice } from "@muladd/tensor";
import { huggingFaceJSON, type Tokenizer } from "@muladd/tokenizer";
import type { GPT } from "../model.ts";
import type { Family } from "./family.ts";
import type { SpecialIds } from "./read-config.ts";
import type { JSONObject } from "./settings.ts";
import { type Slot, slotsOf } from "./slots.ts";
import { familyFor, type TORCH_TYPES, writeConfig } from "./write-config.ts";

export interface WritePretrainedOptions {
  /** Default: the first family that can say what the model is. */
  readonly family?: Family | undefined;
  /** How numbers are stored. Default "F32". */
  readonly dtype?: keyof typeof TORCH_TYPES | undefined;
  /** Default 5 GB. */
  readonly maxShardBytes?: number | undefined;
  readonly tokenizer?: Tokenizer | undefined;
  readonly ids?: SpecialIds | undefined;
  /** generation_config.json, as transformers reads it. */
  readonly generation?: JSONObject | undefined;
  readonly chatTemplate?: string | undefined;
  /** After each tensor: bytes written, and to write. */
  readonly onProgress?: ((written: number, total: number) => void) | undefined;
}

/**
 * Writes a folder that `AutoModelForCausalLM.from_pretrained` of transformers loads: the tensors under the family's names,
 * one in memory at a time, then `config.json` and what else is given. Throws ConfigError for a model that the family, or none,
 * can describe, and FormatError for a number that F16 does not hold. Answers the files' paths.
 */
export async function writePretrained(
  target: FileTarget,
  model: GPT,
  options: WritePretrainedOptions = {},
): Promise<string[]> {
  const { config } = model;
  const { family = familyFor(config), dtype = "F32", ids, tokenizer, chatTemplate } = options;
  const { maxShardBytes, onProgress, generation = generationOf(ids) } = options;
  const json = writeConfig(config, { family, ids, dtype });
  const parameters = new Map(namedParameters(model));
  const tensors = slotsOf(config, family, "huggingface").map((slot) =>
    tensorToWrite(slot, parameters.get(slot.parameter)!, dtype),
  );
  const paths = await writeShards(target, tensors, {
    ...(maxShardBytes !== undefined && { maxShardBytes }),
    ...(onProgress && { onProgress }),
  });
  const texts: Record<string, string | undefined> = {
    "tokenizer.json": tokenizer && JSON.stringify(huggingFaceJSON(tokenizer)),
    "chat_template.jinja": chatTemplate,
    "generation_config.json": pretty(generation),
    "config.json": pretty(json), // last: a folder with it is whole
  };
  for (const [path, text] of Object.entries(texts)) {
    if (text === undefined) continue;
    await writeText(target, path, text);
    paths.push(path);
  }
  return paths;
}

const pretty = (json: JSONObject): string => `${JSON.stringify(json, null, 2)}\n`;

const generationOf = (ids: SpecialIds = { eos: [] }): JSONObject => ({
  ...(ids.bos !== undefined && { bos_token_id: ids.bos }),
  ...(ids.eos.length > 0 && { eos_token_id: ids.eos.length > 1 ? ids.eos : ids.eos[0] }),
  ...(ids.pad !== undefined && { pad_token_id: ids.pad }),
});

async function writeText(target: FileTarget, path: string, text: string): Promise<void> {
  const file = await target.write(path);
  try {
    await file.append(new TextEncoder().encode(text));
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** A part of a parameter as a file has it. */
export function tensorToWrite(
  { name, shape, row, transposed }: Slot,
  parameter: Parameter,
  dtype: keyof typeof TORCH_TYPES,
): TensorToWrite {
  return {
    name,
    shape,
    dtype,
    async read() {
      using part = transposed
        ? permute(parameter, [1, 0])
        : slice(parameter, 0, row, row + shape[0]!);
      const data = Float32Array.from(await part.data());
      if (dtype === "F16" && data.some((x) => Math.abs(x) >= 65520 && Number.isFinite(x)))
        throw new FormatError(`${name}: has numbers beyond 65504, the most of F16; write BF16`);
      return fromFloat32(data, dtype);
    },
  };
}
