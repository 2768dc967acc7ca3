import { layerNorm, type Parameter, type Tensor } from "@muladd/tensor";
import type { Init } from "./init.ts";

/** Normalizes the last axis, then scales and shifts it. Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450 */
export class LayerNorm {
  readonly gain: Parameter; // (width)
  readonly bias: Parameter | undefined; // (width)
  readonly epsilon: number;

  constructor(
    width: number,
    init: Init,
    { bias = true, epsilon = 1e-5 }: { bias?: boolean; epsilon?: number } = {},
  ) {
    this.gain = init.constant([width], 1);
    this.bias = bias ? init.constant([width], 0) : undefined;
    this.epsilon = epsilon;
  }

  /** x (…, width) → (…, width) */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.gain, this.bias, this.epsilon);
  }
}
