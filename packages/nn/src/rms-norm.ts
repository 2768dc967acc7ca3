import { type Parameter, rmsNorm, type Tensor } from "@muladd/tensor";
import type { Init } from "./init.ts";

/** Scales the last axis to a root mean square of 1, then by a learned gain. Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467 */
export class RMSNorm {
  readonly gain: Parameter; // (width)

  constructor(
    width: number,
    init: Init,
    readonly epsilon = 1e-6,
  ) {
    this.gain = init.constant([width], 1);
  }

  /** x (…, width) → (…, width) */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.gain, this.epsilon);
  }
}
