import type { StoredType } from "./stored.ts";

/** Bytes of one number. GGUF's blocks are not among them. */
export const ITEM_BYTES: Readonly<Partial<Record<StoredType, number>>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};
