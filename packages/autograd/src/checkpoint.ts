import type { Parameter, Tensor } from "@muladd/tensor";
import { differentiable } from "./differentiable.ts";
import { vjp } from "./tape.ts";

/**
 * Runs `f` without keeping what its derivative needs, and runs it again when the derivative is taken: memory for
 * time. `f` gets `inputs` as arguments, may use `parameters` freely, must depend on nothing else that needs a
 * gradient, and must give the same result each time. Chen et al. 2016, https://arxiv.org/abs/1604.06174
 */
export function checkpoint(
  f: (...inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  parameters: readonly Parameter[],
): Tensor {
  const n = inputs.length;
  return differentiable({
    forward: (...all) => f(...all.slice(0, n)),
    vjp: (g, saved) => {
      const again = saved.inputs.slice(0, n);
      const grads = vjp(() => f(...again), [...again, ...parameters], g);
      return [...again, ...parameters].map((x) => grads.get(x) ?? null);
    },
  })(...inputs, ...parameters);
}
