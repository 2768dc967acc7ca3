import { keep, type Parameter, slice, Tensor } from "@muladd/tensor";
import type { Init } from "./init.ts";

/** What is added to the token embeddings so that a model can tell where they stand. */
export interface Positions {
  /** Vectors of positions start … start+count−1: (count, width). */
  forward(start: number, count: number): Tensor;
}

/** A learned vector for each position, as in GPT-2. */
export class LearnedPositions implements Positions {
  readonly weight: Parameter; // (context, width)

  constructor(context: number, width: number, init: Init) {
    this.weight = init.normal([context, width], 0.02);
  }

  forward(start: number, count: number): Tensor {
    return slice(this.weight, 0, start, start + count);
  }
}

/**
 * Fixed waves: scale · sin(t / 10000^(2i/C)) at column 2i and the cosine at 2i+1. Vaswani et al. 2017, §3.5,
 * https://arxiv.org/abs/1706.03762
 */
export class SinusoidalPositions implements Positions {
  readonly table: Tensor; // (context, width), not trained

  constructor(context: number, width: number, init: Init, scale = 1) {
    const waves = sinusoids(context, width).map((x) => scale * x);
    this.table = keep(Tensor.from(init.backend, waves, [context, width]));
  }

  forward(start: number, count: number): Tensor {
    return slice(this.table, 0, start, start + count);
  }
}

/** The table of {@link SinusoidalPositions} at scale 1, (context, width) in row-major order. */
export function sinusoids(context: number, width: number): Float32Array {
  return Float32Array.from({ length: context * width }, (_, at) => {
    const column = at % width;
    const angle = Math.floor(at / width) / 10000 ** ((column - (column % 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
