import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { add, mul, neg, tanh } from "../functions.ts";
import type { None } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { alike } from "./softmax.ts";

/** σ(x) = 1 / (1 + e⁻ˣ) as ½(1 + tanh ½x), whose derivative does not meet an e⁻ˣ of ∞. */
const sigmoid = (x: Tensor) => mul(add(tanh(mul(x, 0.5)), 1), 0.5);

export const swigluRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("swiglu", xs)],
  run: (k, [out], [gate, up]) => k.swiglu(out!, gate!, up!),
  compose: ([gate, up]) => [mul(mul(gate!, sigmoid(gate!)), up!)],
};

export const swigluGradRow: FusedOp<None> = {
  results: 2,
  infer: (xs) => {
    const spec = alike("swigluGrad", xs);
    return [spec, spec];
  },
  run: (k, [dgate, dup], [gate, up, g]) => k.swigluGrad(dgate!, dup!, gate!, up!, g!),
  // d/dx x·σ(x) = σ(x)(1 + x(1 − σ(x)))
  compose: ([gate, up, g]) => {
    const s = sigmoid(gate!);
    const slope = mul(s, add(mul(gate!, add(neg(s), 1)), 1));
    return [mul(mul(g!, up!), slope), mul(g!, mul(gate!, s))];
  },
};

/**
 * silu(gate) ∘ up with silu(x) = x · σ(x) = x / (1 + e⁻ˣ), both of one shape: the gated unit of Llama's MLP. silu(−∞) is NaN,
 * as −∞ · 0 is. Shazeer 2020, https://arxiv.org/abs/2002.05202
 */
export const swiglu = (gate: Tensor, up: Tensor): Tensor =>
  dispatchFused("swiglu", swigluRow, [gate, up], {})[0]!;

/** → dgate, dup: the gradients of {@link swiglu} at gate and up, given the gradient g of its result. */
export const swigluGrad = (gate: Tensor, up: Tensor, g: Tensor): readonly Tensor[] =>
  dispatchFused("swigluGrad", swigluGradRow, [gate, up, g], {});
