import {
  type FileTarget,
  type GGUFValue,
  type GGUFValues,
  quantizeQ8_0,
  type TensorToWrite,
  toFloat32,
  writeGGUF,
} from "@muladd/checkpoint";
import { namedWeights } from "@muladd/nn";
import { FormatError } from "@muladd/tensor";
import { BPETokenizer, huggingFaceJSON, type Tokenizer } from "@muladd/tokenizer";
import type { GPT } from "../model.ts";
import type { Family } from "./family.ts";
import { ggufValues, ROPE_FACTORS, ropeFactors } from "./gguf-config.ts";
import { NO_VOCABULARY } from "./gguf-cuts.ts";
import { ggufTokenizerValues } from "./gguf-tokenizer-values.ts";
import type { SpecialIds } from "./read-config.ts";
import { slotsOf } from "./slots.ts";
import { tensorToWrite } from "./write.ts";
import { familyFor, writeConfig } from "./write-config.ts";

export interface WriteGGUFOptions {
  /** Default: the first family that can say what the model is. */
  readonly family?: Family | undefined;
  /** How matrices are stored; norms, biases and positions are F32. Default "F16". */
  readonly dtype?: "F32" | "F16" | "BF16" | "Q8_0" | undefined;
  /** One that {@link ggufLacks} has nothing against; without one the file takes and gives ids. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly ids?: SpecialIds | undefined;
  /** `general.name`. */
  readonly name?: string | undefined;
  /** After each tensor: bytes written, and to write. */
  readonly onProgress?: ((written: number, total: number) => void) | undefined;
}

/**
 * Writes a model as one GGUF file, as llama.cpp's converter would. Throws ConfigError for a model that GGUF, or no family, can
 * describe, and FormatError for a number that F16 does not hold and for a tokenizer that GGUF does not.
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
  const special = { bos: ids?.bos, eos: ids?.eos[0], padding: ids?.pad };
  for (const [key, value] of Object.entries(special))
    if (value !== undefined) values.set(`tokenizer.ggml.${key}_token_id`, { type: "u32", value });
  // After the model's ids: the tokenizer's own are those that it puts around a text.
  if (tokenizer)
    for (const [key, value] of tokenizerValues(tokenizer, config.vocabulary))
      values.set(key, value);
  else {
    values.set("tokenizer.ggml.model", { type: "string", value: NO_VOCABULARY });
    const rows: GGUFValue = { type: "u32", value: config.vocabulary };
    values.set(`${family.gguf?.architecture}.vocab_size`, rows);
  }
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

/** Why a GGUF file of a model with `vocabulary` tokens cannot hold `tokenizer`; undefined where it can. */
export function ggufLacks(tokenizer: Tokenizer, vocabulary: number): string | undefined {
  try {
    tokenizerValues(tokenizer, vocabulary);
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

function tokenizerValues(tokenizer: Tokenizer, vocabulary: number): GGUFValues {
  if (!(tokenizer instanceof BPETokenizer))
    throw new FormatError(`GGUF: holds byte-level BPE, and this tokenizer is of ${tokenizer.kind}`);
  const ranks = tokenizer.model.merges === undefined;
  return ggufTokenizerValues(huggingFaceJSON(tokenizer), { vocabulary, ranks });
}
