import type { StoredType } from "./stored.ts";

/** Types that hold one number after the other, unlike GGUF's blocks. */
export type PlainType = Exclude<StoredType, `Q${string}`>;

/** Bytes of a number, in the order in which safetensors' writers put tensors: so each begins at a multiple of its size. */
export const BYTES: Readonly<Record<PlainType, number>> = {
  U64: 8,
  I64: 8,
  F64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

export const isPlain = (dtype: unknown): dtype is PlainType =>
  typeof dtype === "string" && Object.hasOwn(BYTES, dtype);
