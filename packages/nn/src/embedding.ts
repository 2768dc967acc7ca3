import { gather, type Tensor } from "@muladd/tensor";
import type { Init, Weight } from "./init.ts";

/** A learned vector for each of `count` ids. */
export class Embedding {
  readonly weight: Weight; // (count, width)

  constructor(count: number, width: number, init: Init, std = 0.02) {
    this.weight = init.matrix(count, width, std);
  }

  /** ids (…) i32 → (…, width). An id outside 0 … count−1 gives NaN. */
  forward(ids: Tensor): Tensor {
    return gather(this.weight, ids);
  }
}
