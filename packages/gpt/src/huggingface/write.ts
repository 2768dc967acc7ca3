import { type FileTarget, fromFloat32, type TensorToWrite, writeShards } from "@muladd/checkpoint";
import { namedWeights, type Weight } from "@muladd/nn";
import { FormatError, Packed, slice } from "@muladd/tensor";
import {
  BPETokenizer,
  ByteTokenizer,
  CharacterTokenizer,
  huggingFaceJSON,
  type Tokenizer,
} from "@muladd/tokenizer";
import type { GPT } from "../model.ts";
import type { Family } from "./family.ts";
import type { SpecialIds } from "./read-config.ts";
import { inPairs, transpose } from "./rearrange.ts";
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
  const weights = new Map(namedWeights(model));
  const tensors = slotsOf(config, family, "huggingface").map((slot) =>
    tensorToWrite(slot, weights.get(slot.parameter)!, dtype),
  );
  const paths = await writeShards(target, tensors, {
    ...(maxShardBytes !== undefined && { maxShardBytes }),
    ...(onProgress && { onProgress }),
  });
  const texts: Record<string, string | undefined> = {
    "tokenizer.json": tokenizer && tokenizerJSON(tokenizer),
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

/** What Hugging Face's tokenizers reads; of a tokenizer that is not ours, what it writes itself. */
const tokenizerJSON = (tokenizer: Tokenizer): string =>
  JSON.stringify(
    tokenizer instanceof BPETokenizer ||
      tokenizer instanceof CharacterTokenizer ||
      tokenizer instanceof ByteTokenizer
      ? huggingFaceJSON(tokenizer)
      : tokenizer.toJSON(),
  );

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

/** Numbers that are nearer to infinity than to 65504, the most of F16. */
const BEYOND_F16 = 65520;

/** A part of a weight as a file has it; of a packed one, the numbers that it stands for. */
export function tensorToWrite(
  { name, shape, row, transposed, paired }: Slot,
  weight: Weight,
  dtype: keyof typeof TORCH_TYPES,
): TensorToWrite {
  return {
    name,
    shape,
    dtype,
    async read() {
      const rows = transposed ? shape[1]! : shape[0]!;
      const part = await rowsOf(weight, row, rows);
      const data = transposed
        ? transpose(part, shape[0]!)
        : paired > 0
          ? inPairs(part, paired, shape[1] ?? 1)
          : part;
      if (dtype === "F16" && data.some((x) => Number.isFinite(x) && Math.abs(x) >= BEYOND_F16))
        throw new FormatError(`${name}: has numbers beyond the 65504 of F16; write BF16 or F32`);
      return fromFloat32(data, dtype);
    },
  };
}

async function rowsOf(weight: Weight, from: number, rows: number): Promise<Float32Array> {
  if (from === 0 && rows === weight.shape[0]) return Float32Array.from(await weight.data());
  if (weight instanceof Packed) {
    const columns = weight.shape[1];
    return (await weight.data()).slice(from * columns, (from + rows) * columns);
  }
  using part = slice(weight, 0, from, from + rows);
  return Float32Array.from(await part.data());
}
