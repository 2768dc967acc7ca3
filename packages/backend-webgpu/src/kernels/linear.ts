import type { FusedKernels } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { dense, multiply } from "./matmul.ts";

/** A product that ends in its bias, activation and residual. */
export const linear =
  (context: Context): FusedKernels["linear"] =>
  (out, slope, x, weight, bias, residual, activation) => {
    const [m, k] = rowsOf(x);
    const n = weight.shape[0]!;
    multiply(context, {
      ...{ batch: 1, m, k, n, transposeA: false, transposeB: true },
      a: dense(x, k),
      b: dense(weight, k),
      out: dense(out, n),
      epilogue: { bias, activation, slope, residual },
    });
  };
