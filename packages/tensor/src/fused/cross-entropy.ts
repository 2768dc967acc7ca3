import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import {
  add,
  exp,
  full,
  gather,
  greaterEqual,
  iota,
  log,
  max,
  maximum,
  mul,
  reshape,
  scatterAdd,
  select,
  sub,
  sum,
} from "../functions.ts";
import type { None, Spec } from "../ops.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { rows } from "./softmax.ts";

function check(logits: Spec, targets: Spec): Spec {
  rows("crossEntropy", logits);
  if (targets.dtype !== "i32" || show(targets.shape) !== show(logits.shape.slice(0, -1)))
    throw new ShapeError(
      `crossEntropy: logits ${show(logits.shape)} need i32 targets ${show(logits.shape.slice(0, -1))}, got ${targets.dtype} ${show(targets.shape)}`,
    );
  return { shape: targets.shape, dtype: "f32" };
}

/** Indices of (row, target) in the flattened logits: (N) i32. Ignored targets as 0, targets beyond the vocabulary as −1. */
function flatTargets(targets: Tensor, vocabulary: number): Tensor {
  const { backend } = targets;
  const count = size(targets.shape);
  const starts = iota(backend, [count], { step: vocabulary, dtype: "i32" });
  const safe = maximum(reshape(targets, [count]), full(backend, [], 0, "i32"));
  const known = greaterEqual(full(backend, [], vocabulary - 1, "i32"), safe);
  return select(known, add(starts, safe), full(backend, [], -1, "i32"));
}

/** 1 where a target counts, 0 where it is ignored: i32, of the targets' shape. */
const counted = (targets: Tensor): Tensor =>
  greaterEqual(targets, full(targets.backend, [], 0, "i32"));

/** Residual: log Σ exp of each row. */
export const crossEntropyRow: FusedOp<None> = {
  results: 1,
  infer: ([logits, targets]) => {
    const row = check(logits!, targets!);
    return [row, row];
  },
  run: (k, [losses, logSum], [logits, targets]) =>
    k.crossEntropy(losses!, logSum!, logits!, targets!),
  compose: ([logits, targets]) => {
    const V = logits!.shape.at(-1)!;
    const shifted = sub(logits!, max(logits!, -1));
    const logSum = reshape(log(sum(exp(shifted), -1)), targets!.shape);
    const flat = reshape(shifted, [size(shifted.shape), 1]);
    const picked = reshape(gather(flat, flatTargets(targets!, V)), targets!.shape);
    return [select(counted(targets!), sub(logSum, picked), full(logits!.backend, [], 0))];
  },
};

/** Inputs logits, targets, logSum, g. */
export const crossEntropyGradRow: FusedOp<None> = {
  results: 1,
  infer: ([logits]) => [logits!],
  run: (k, [dlogits], [logits, targets, logSum, g]) =>
    k.crossEntropyGrad(dlogits!, logits!, targets!, logSum!, g!),
  // g ∘ (softmax − onehot)
  compose: ([logits, targets, logSum, g]) => {
    const shape = logits!.shape;
    const V = shape.at(-1)!;
    const column = [...targets!.shape, 1];
    const p = exp(sub(logits!, reshape(logSum!, column)));
    const picked = scatterAdd(
      reshape(g!, [size(g!.shape), 1]),
      flatTargets(targets!, V),
      size(shape),
    );
    const dlogits = sub(mul(p, reshape(g!, column)), reshape(picked, shape));
    // By selection: the logits of an ignored position may be NaN.
    return [select(reshape(counted(targets!), column), dlogits, full(g!.backend, [], 0))];
  },
};

/**
 * −log softmax(logits)[target] at each position, in nats: logits (…, V), targets (…) i32 → (…). A negative target is
 * ignored: its loss and gradient are 0. A target beyond the vocabulary has a loss of NaN.
 */
export const crossEntropy = (logits: Tensor, targets: Tensor): Tensor =>
  dispatchFused("crossEntropy", crossEntropyRow, [logits, targets], {})[0]!;

/** The gradient of {@link crossEntropy} for the logits, from its residual logSum (…) and the gradient g (…) of the losses. */
export const crossEntropyGrad = (
  logits: Tensor,
  targets: Tensor,
  logSum: Tensor,
  g: Tensor,
): Tensor =>
  dispatchFused("crossEntropyGrad", crossEntropyGradRow, [logits, targets, logSum, g], {})[0]!;
