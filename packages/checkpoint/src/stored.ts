import type { Shape } from "@muladd/tensor";

/** How the numbers of a stored tensor are written: safetensors' names, and GGUF's for its blocks of 32 and 256 numbers. */
export type StoredType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL"
  | "Q8_0"
  | "Q4_0"
  | "Q4_K"
  | "Q6_K";

/** A tensor in a file. Nothing of it is in memory until it is read. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: StoredType;
  /** Row-major: the last axis is the innermost. */
  readonly shape: Shape;
  readonly byteLength: number;
  /** The bytes as stored, little-endian, or those begin … end−1 of them, in `room` as a ByteSource puts them. */
  read(begin?: number, end?: number, room?: Uint8Array): Promise<Uint8Array>;
}

/** The tensors of a file, or of several. */
export interface TensorStore {
  /** How errors call it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}
