import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { add, div, exp, full, mul, neg, sub } from "../functions.ts";
import type { None } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { alike } from "./softmax.ts";

export const swigluRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("swiglu", xs)],
  run: (k, [out], [gate, up]) => k.swiglu(out!, gate!, up!),
  compose: ([gate, up]) => [mul(div(gate!, add(exp(neg(gate!)), 1)), up!)],
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
    const one = full(gate!.backend, [], 1);
    const s = div(one, add(exp(neg(gate!)), 1));
    const slope = mul(s, add(mul(gate!, sub(one, s)), 1));
    return [mul(mul(g!, up!), slope), mul(g!, mul(gate!, s))];
  },
};

/**
 * silu(gate) ∘ up with silu(x) = x / (1 + e⁻ˣ), both of one shape: the gated unit of Llama's MLP. silu(−∞) is NaN, as the
 * quotient is. Shazeer 2020, https://arxiv.org/abs/2002.05202
 */
export const swiglu = (gate: Tensor, up: Tensor): Tensor =>
  dispatchFused("swiglu", swigluRow, [gate, up], {})[0]!;

/** → dgate, dup: the gradients of {@link swiglu} at gate and up, given the gradient g of its result. */
export const swigluGrad = (gate: Tensor, up: Tensor, g: Tensor): readonly Tensor[] =>
  dispatchFused("swigluGrad", swigluGradRow, [gate, up, g], {});
