import {
  crossEntropy,
  linearCrossEntropy,
  mul,
  type Packed,
  size,
  sumAll,
  type Tensor,
  tidy,
} from "@muladd/tensor";

/**
 * The mean of −log p(target) over positions: logits (…, V), targets (…) i32 → () in nats. A negative target is
 * ignored; `count` is then the number of the others, which the mean is over.
 */
export const crossEntropyLoss = (
  logits: Tensor,
  targets: Tensor,
  count = size(targets.shape),
): Tensor => tidy(() => mul(sumAll(crossEntropy(logits, targets)), 1 / count));

/**
 * {@link crossEntropyLoss} of the logits hidden · weightᵀ, which never exist at once on a backend with the kernel: hidden
 * (…, C), weight (V, C), targets (…) i32 → () in nats.
 */
export const linearCrossEntropyLoss = (
  hidden: Tensor,
  weight: Tensor | Packed,
  targets: Tensor,
  count = size(targets.shape),
): Tensor => linearCrossEntropy(hidden, weight, targets, 1 / count);
