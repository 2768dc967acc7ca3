import {
  add,
  type Backend,
  cast,
  dispatch,
  dispatchFused,
  dispose,
  type FusedName,
  type FusedOp,
  fused,
  mul,
  type OpName,
  observe,
  size,
  sumAll,
  Tensor,
  type TypedArray,
  tidy,
} from "@muladd/tensor";
import type { AnyOp } from "./case.ts";

export const isFused = (op: AnyOp): op is FusedName => op in fused;

/** Any row of either table. Results only, no residuals. `backend` is for ops without inputs. */
export function apply(
  op: AnyOp,
  inputs: readonly Tensor[],
  attrs: unknown,
  backend: Backend,
): readonly Tensor[] {
  // The tables type attributes by op; here the op is a variable.
  if (isFused(op))
    return dispatchFused(op, fused[op] as unknown as FusedOp<unknown>, inputs, attrs);
  return [dispatch(op as OpName, inputs, attrs as never, backend)];
}

/** Runs `body` with every fused op as its composition. */
export const composed = <T>(body: () => T): T =>
  observe({ observe: () => {}, composes: () => true }, body);

/**
 * Σ cos(i + 1) · yᵢ over all results: a scalar that weighs every element differently, so that no two errors cancel.
 * Under a plain sum a softmax derivative that is five times too large passes, since it sums to 0.
 */
export function probe(ys: readonly Tensor[]): Tensor {
  return tidy(() =>
    ys
      .map((y) => {
        const weights = Tensor.from(y.backend, cosines(size(y.shape)), y.shape, "f32");
        return sumAll(mul(y.dtype === "f32" ? y : cast(y, "f32"), weights));
      })
      .reduce((a, b) => add(a, b)),
  );
}

let table = new Float32Array(0);

/** cos 1, cos 2, … as float32, so that every precision weighs alike. To be read only: all callers share the numbers. */
export function cosines(length: number): Float32Array {
  if (table.length < length) {
    table = new Float32Array(2 * length);
    for (let i = 0; i < table.length; i++) table[i] = Math.cos(i + 1);
  }
  return table.subarray(0, length);
}

/** Reads tensors and disposes them. */
export async function take(tensors: readonly Tensor[]): Promise<TypedArray[]> {
  try {
    return await Promise.all(tensors.map((t) => t.data()));
  } finally {
    dispose(tensors);
  }
}
