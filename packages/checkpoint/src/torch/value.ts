import type { PlainType } from "../dtypes.ts";

/** What a pickle may become: Python's plain values, and what stands for tensors. Lists and tuples are both arrays. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Map<Value, Value>
  | Set<Value>
  | Global
  | Storage
  | View;

/** One of the few names that a pickle may ask for. */
export interface Global {
  readonly kind: "global";
  /** As Python calls it: `module.name`. */
  readonly name: string;
  /** Of a dtype, and of a storage class. */
  readonly dtype?: PlainType;
  /** What a call makes, or `undefined` for wrong arguments. Absent where nothing is to be called. */
  readonly call?: (args: readonly Value[]) => Value | undefined;
}

/** Numbers in the file that one or several tensors view. */
export interface Storage {
  readonly kind: "storage";
  readonly key: string;
  /** Absent in an untyped storage, which counts bytes. */
  readonly dtype: PlainType | undefined;
  readonly count: number;
}

/** A strided view of a storage; `offset` and `strides` count numbers. */
export interface View {
  readonly kind: "view";
  readonly storage: Storage;
  readonly dtype: PlainType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export const is = <K extends "global" | "storage" | "view">(
  value: Value | undefined,
  kind: K,
): value is Extract<Value, { readonly kind: K }> =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
