import { swiglu, type Tensor, tidy } from "@muladd/tensor";
import type { Init } from "./init.ts";
import { Linear } from "./linear.ts";

/** Sizes and choices of a {@link SwiGLU}. */
export interface SwiGLUConfig {
  readonly width: number;
  /** Columns between the layers. Default 8/3 · width up to a multiple of 16: three matrices then weigh what an MLP's two do. */
  readonly hidden?: number;
  /** In all three layers. Default false. */
  readonly bias?: boolean;
  /** Standard deviation of the last layer's initial weights. Default 0.02. */
  readonly outStd?: number;
}

/** down(silu(gate(x)) ∘ up(x)): the gated form of an MLP, as in Llama. Shazeer 2020, https://arxiv.org/abs/2002.05202 */
export class SwiGLU {
  readonly gate: Linear; // (width → hidden)
  readonly up: Linear; // (width → hidden)
  readonly down: Linear; // (hidden → width)

  constructor(
    {
      width,
      hidden = 16 * Math.ceil(width / 6), // 8/3 = 16/6
      bias = false,
      outStd = 0.02,
    }: SwiGLUConfig,
    init: Init,
  ) {
    this.gate = new Linear(width, hidden, init, { bias });
    this.up = new Linear(width, hidden, init, { bias });
    this.down = new Linear(hidden, width, init, { bias, std: outStd });
  }

  /** x (…, width) → (…, width); with a `residual` of that shape, added to it. */
  forward(x: Tensor, residual?: Tensor): Tensor {
    return tidy(() =>
      this.down.forward(swiglu(this.gate.forward(x), this.up.forward(x)), { residual }),
    );
  }
}
