import type { StoredType } from "../stored.ts";

/** GGUF's types of tensors: `enum ggml_type` in https://github.com/ggml-org/ggml/blob/master/include/ggml.h */

export type BlockType = Extract<StoredType, `Q${string}`>;
export type GGUFTensorType =
  | BlockType
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8";

export interface TensorType {
  readonly id: number;
  /** Numbers along the innermost axis that are stored together, in how many bytes. */
  readonly block: number;
  readonly bytes: number;
}

export const TENSOR_TYPES: Readonly<Record<GGUFTensorType, TensorType>> = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  Q4_K: { id: 12, block: 256, bytes: 144 },
  Q6_K: { id: 14, block: 256, bytes: 210 },
  I8: { id: 24, block: 1, bytes: 1 },
  I16: { id: 25, block: 1, bytes: 2 },
  I32: { id: 26, block: 1, bytes: 4 },
  I64: { id: 27, block: 1, bytes: 8 },
  F64: { id: 28, block: 1, bytes: 8 },
  BF16: { id: 30, block: 1, bytes: 2 },
};

/** The others' names, for errors; gaps are types that were removed. */
const OTHERS: Readonly<Record<number, string>> = {
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  13: "Q5_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

export const isTensorType = (name: string): name is GGUFTensorType =>
  Object.hasOwn(TENSOR_TYPES, name);

/** The name of a type, supported or not. */
export function tensorTypeName(id: number): string {
  const supported = Object.entries(TENSOR_TYPES).find(([, type]) => type.id === id);
  return supported?.[0] ?? OTHERS[id] ?? `type ${id}`;
}
