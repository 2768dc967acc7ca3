import { type LinearOptions, linear, type Parameter, type Tensor } from "@muladd/tensor";
import type { Init, Weight } from "./init.ts";

/** How a {@link Linear} begins. */
export interface LinearConfig {
  /** Default true. */
  readonly bias?: boolean;
  /** Standard deviation of the initial weights. Default 0.02, as in GPT-2. */
  readonly std?: number;
}

/** x (…, inputs) · weightᵀ + bias → (…, outputs). The bias starts at 0. */
export class Linear {
  readonly weight: Weight; // (outputs, inputs)
  readonly bias: Parameter | undefined; // (outputs)

  constructor(
    inputs: number,
    outputs: number,
    init: Init,
    { bias = true, std = 0.02 }: LinearConfig = {},
  ) {
    this.weight = init.matrix(outputs, inputs, std);
    this.bias = bias ? init.constant([outputs], 0) : undefined;
  }

  /** x (…, inputs) → (…, outputs); with options, activation(…) + residual (…, outputs). */
  forward(x: Tensor, options?: LinearOptions): Tensor {
    return linear(x, this.weight, this.bias, options);
  }
}
