import { notify, share, type Tensor, tidy, unobserved } from "@muladd/tensor";
import type { Saves, Vjp } from "./vjps.ts";

/** A function of tensors that brings its own derivative. */
export interface Differentiable {
  /** One result, made with any ops or kernels; the tape does not look inside. */
  readonly forward: (...inputs: readonly Tensor[]) => Tensor;
  /** Gradients of the inputs, `null` where there is none, from the gradient g of the result. */
  readonly vjp: (g: Tensor, saved: Saves) => readonly (Tensor | null)[];
}

/** @internal The attributes of a `custom` event. */
export interface Custom {
  readonly vjp: Differentiable["vjp"];
}

/** @internal */
export const custom: Vjp<Custom> = {
  saves: ["inputs", "outs"],
  vjp: (g, saved, { vjp }) => vjp(g, saved),
};

/**
 * Makes an op of one's own out of a function and its derivative: the way to extend the set of ops from outside.
 * `forward` gets at least one input.
 *
 * @example
 * const straightThrough = differentiable({ forward: round, vjp: (g) => [g] });
 */
export function differentiable({ forward, vjp }: Differentiable): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    // A handle of its own: forward may return one of its inputs, which are other nodes on the tape.
    const out = tidy(() => share(unobserved(() => forward(...inputs))));
    notify({ op: "custom", inputs, attrs: { vjp } satisfies Custom, outs: [out] });
    return out;
  };
}
