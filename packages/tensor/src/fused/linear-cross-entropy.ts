import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, full, mul, reshape, slice, sumAll } from "../functions.ts";
import { tidy } from "../memory.ts";
import { Packed } from "../packed/packed.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { linear } from "./linear.ts";

export interface Scale {
  /** Factor on the sum of all losses. */
  readonly scale: number;
}

/**
 * Inputs hidden, weight, targets. Residuals, where somebody records: the loss's gradients for hidden and weight. Since the
 * loss is a scalar they are known before its own gradient is, but for that factor, and no logits are kept or made twice.
 */
export const linearCrossEntropyRow: FusedOp<Scale> = {
  results: 1,
  residualsOnDemand: true,
  infer: ([hidden, weight, targets]) => {
    const fail = (why: string): never => {
      throw new ShapeError(
        `linearCrossEntropy: hidden ${show(hidden!.shape)}, weight ${show(weight!.shape)}, targets ${show(targets!.shape)}: ${why}`,
      );
    };
    const C = hidden!.shape.at(-1);
    if (hidden!.dtype !== "f32" || C === undefined) return fail("hidden is f32 (…, width)");
    if (weight!.dtype !== "f32" || weight!.shape.length !== 2 || weight!.shape[1] !== C)
      fail(`the weight is f32 (vocabulary, ${C})`);
    const lead = show(hidden!.shape.slice(0, -1));
    if (targets!.dtype !== "i32" || show(targets!.shape) !== lead) fail(`targets are i32 ${lead}`);
    return [{ shape: [], dtype: "f32" }, hidden!, weight!];
  },
  run: (k, [loss, dhidden, dweight], [hidden, weight, targets], { scale }) =>
    k.linearCrossEntropy(loss!, dhidden, dweight, hidden!, weight!, targets!, scale),
  compose: ([hidden, weight, targets], { scale }) => [
    mul(sumAll(crossEntropy(linear(hidden!, weight!), targets!)), scale),
  ],
};

/** Logits that a packed head makes at once. */
const CHUNK = 2 ** 23;

/** The sum by parts of rows: there is no gradient to keep anything for. */
function packedCrossEntropy(
  hidden: Tensor,
  weight: Packed,
  targets: Tensor,
  scale: number,
): Tensor {
  return tidy(() => {
    const count = size(targets.shape);
    const rows = reshape(hidden, [count, hidden.shape.at(-1)!]);
    const wanted = reshape(targets, [count]);
    const step = Math.max(1, Math.floor(CHUNK / weight.shape[0]));
    let total = full(hidden.backend, [], 0);
    for (let start = 0; start < count; start += step)
      total = tidy(() => {
        const part = (t: Tensor) => slice(t, 0, start, Math.min(start + step, count));
        return add(total, sumAll(crossEntropy(linear(part(rows), weight), part(wanted))));
      });
    return mul(total, scale);
  });
}

/**
 * scale · Σ −log softmax(hidden · weightᵀ)[target] in nats: hidden (…, C), weight (V, C), targets (…) i32 → (). As
 * {@link crossEntropy} of {@link linear}, with the same rules for targets, but the logits (…, V) never exist at once: a
 * backend with the kernel makes them a tile of rows at a time. Hsu et al. 2024, "Liger Kernel",
 * https://arxiv.org/abs/2410.10989. Throws {@link ShapeError} when they do not fit.
 */
export const linearCrossEntropy = (
  hidden: Tensor,
  weight: Tensor | Packed,
  targets: Tensor,
  scale = 1,
): Tensor =>
  weight instanceof Packed
    ? packedCrossEntropy(hidden, weight, targets, scale)
    : dispatchFused("linearCrossEntropy", linearCrossEntropyRow, [hidden, weight, targets], {
        scale,
      })[0]!;
