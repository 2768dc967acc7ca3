import { type Tensor, tidy } from "@muladd/tensor";
import { type MLPActivation, relu, silu } from "./activations.ts";
import type { Init } from "./init.ts";
import { Linear } from "./linear.ts";

/** Sizes and choices of an {@link MLP}. */
export interface MLPConfig {
  readonly width: number;
  /** Columns between the two layers. Default 4 · width. */
  readonly hidden?: number;
  /** In both layers. Default true. */
  readonly bias?: boolean;
  /** Default "gelu", the exact form. */
  readonly activation?: MLPActivation;
  /** Standard deviation of the second layer's initial weights. Default 0.02. */
  readonly outStd?: number;
}

/** Two linear layers with an activation between them: what a transformer does to each position by itself. */
export class MLP {
  readonly up: Linear;
  readonly down: Linear;
  readonly activation: MLPActivation;

  constructor(
    { width, hidden = 4 * width, bias = true, activation = "gelu", outStd = 0.02 }: MLPConfig,
    init: Init,
  ) {
    this.up = new Linear(width, hidden, init, { bias });
    this.down = new Linear(hidden, width, init, { bias, std: outStd });
    this.activation = activation;
  }

  /** x (…, width) → (…, width); with a `residual` of that shape, added to it. */
  forward(x: Tensor, residual?: Tensor): Tensor {
    const { activation, up, down } = this;
    return tidy(() => {
      if (activation === "relu") return down.forward(relu(up.forward(x)), { residual });
      if (activation === "silu") return down.forward(silu(up.forward(x)), { residual });
      return down.forward(up.forward(x, { activation }), { residual });
    });
  }
}
