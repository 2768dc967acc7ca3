import type { Activation, BinaryName, PackedFormat, UnaryName } from "@muladd/tensor";

// Numbers by which the module's kernels know their ops: keep in step with assembly/unary.ts, binary.ts, copy.ts,
// finish_f32.ts and packed.ts.

export const UNARY: Record<UnaryName, number> = {
  neg: 0,
  exp: 1,
  log: 2,
  tanh: 3,
  rsqrt: 4,
  erf: 5,
  sin: 6,
  cos: 7,
  scale: 8,
  shift: 9,
};

export const BINARY: Record<BinaryName, number> = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  greaterEqual: 5,
  equal: 6,
};
/** Added for i32 operands. */
export const BINARY_I32 = 8;
/** Added when a comparison's result has the other dtype than its operands. */
export const BINARY_OTHER = 16;

export const PACKED: Record<PackedFormat, number> = { f16: 0, bf16: 1, int8: 2, int4: 3 };

/** 0: none. */
export const ACTIVATION: Record<Activation, number> = { gelu: 1, geluTanh: 2 };

export const CONVERSION = { bits: 0, toI32: 1, toF32: 2 } as const;
