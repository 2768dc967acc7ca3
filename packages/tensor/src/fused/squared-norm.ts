import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, mul, sumAll } from "../functions.ts";
import type { None } from "../ops.ts";
import type { Tensor } from "../tensor.ts";

/** Any number of inputs, of any shapes. */
export const squaredNormRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => {
    for (const { dtype } of xs)
      if (dtype !== "f32") throw new ShapeError(`squaredNorm: needs f32 operands, got ${dtype}`);
    return [{ shape: [], dtype: "f32" }];
  },
  run: (k, [out], xs) => k.squaredNorm(out!, xs),
  compose: (xs) => [xs.map((x) => sumAll(mul(x, x))).reduce((a, b) => add(a, b))],
};

/** Σ x² over all elements of all tensors, f32 of any shapes, one at least → (). */
export const squaredNorm = (xs: readonly Tensor[]): Tensor =>
  dispatchFused("squaredNorm", squaredNormRow, xs, {})[0]!;
