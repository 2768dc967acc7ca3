import {
  type FileTarget,
  type GGUFValue,
  quantizeQ8_0,
  type TensorToWrite,
  toFloat32,
  writeGGUF,
} from "@muladd/checkpoint";
import { namedWeights } from "@muladd/nn";
import type { Tokenizer } from "@muladd/tokenizer";
import type { GPT } from "../model.ts";
import type { Family } from "./family.ts";
import { ggufValues, ROPE_FACTORS, ropeFactors } from "./gguf-config.ts";
import type { SpecialIds } from "./read-config.ts";
import { slotsOf } from "./slots.ts";
import { tensorToWrite } from "./write.ts";
import { familyFor, writeConfig } from "./write-config.ts";
import { tokenizerValues } from "./write-gguf-tokenizer.ts";

export interface WriteGGUFOptions {
  /** Default: the first family that can say what the model is. */
  readonly family?: Family | undefined;
  /** How matrices are stored; norms, biases and positions are F32. Default "F16". */
  readonly dtype?: "F32" | "F16" | "BF16" | "Q8_0" | undefined;
  /** Byte-level BPE. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly ids?: SpecialIds | undefined;
  /** `general.name`. */
  readonly name?: string | undefined;
  /** After each tensor: bytes written, and to write. */
  readonly onProgress?: ((written: number, total: number) => void) | undefined;
}

/**
 * Writes a model as one GGUF file, as llama.cpp's converter would. Throws ConfigError for a model that GGUF, or no family, can
 * describe, FormatError for a number that F16 does not hold, and RangeError for a tokenizer that is no byte-level BPE.
 */
export async function writeGGUFModel(
  target: FileTarget,
  path: string,
  model: GPT,
  options: WriteGGUFOptions = {},
): Promise<void> {
  const { config } = model;
  const { family = familyFor(config), dtype = "F16", tokenizer, ids, name, onProgress } = options;
  writeConfig(config, { family }); // says what the family cannot
  const values = ggufValues(config, family);
  if (name !== undefined) values.set("general.name", { type: "string", value: name });
  for (const [key, value] of tokenizer ? tokenizerValues(tokenizer) : []) values.set(key, value);
  const id = (key: string, value: number | undefined) => {
    if (value === undefined) return;
    const entry: GGUFValue = { type: "u32", value };
    values.set(`tokenizer.ggml.${key}_token_id`, entry);
  };
  id("bos", ids?.bos);
  id("eos", ids?.eos[0]);
  id("padding", ids?.pad);
  const weights = new Map(namedWeights(model));
  const tensors = slotsOf(config, family, "gguf").map((slot): TensorToWrite => {
    const plain = slot.shape.length < 2 || slot.parameter === "positions.weight";
    const blocks = dtype === "Q8_0" && !plain && slot.shape[1]! % 32 === 0;
    const stored = plain ? "F32" : dtype === "Q8_0" ? "F16" : dtype;
    const tensor = tensorToWrite(slot, weights.get(slot.parameter)!, blocks ? "F32" : stored);
    if (!blocks) return tensor;
    return {
      ...tensor,
      dtype: "Q8_0",
      read: async () => quantizeQ8_0(toFloat32(await tensor.read(), "F32")),
    };
  });
  const factors = ropeFactors(config);
  if (factors)
    tensors.push({
      name: ROPE_FACTORS,
      dtype: "F32",
      shape: [factors.length],
      read: async () => new Uint8Array(factors.buffer),
    });
  await writeGGUF(target, path, { values, tensors, ...(onProgress && { onProgress }) });
}
