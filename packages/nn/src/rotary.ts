import { keep, type RotaryOptions, rotary, Tensor } from "@muladd/tensor";
import type { Init } from "./init.ts";
import { rotaryFrequencies } from "./rotary-scaling.ts";

// P positions (context), D head width.

/**
 * Positions told by turning queries and keys, so that their product depends on the distance alone; nothing is learned or
 * added. Su et al. 2021, https://arxiv.org/abs/2104.09864; halves paired as in GPT-NeoX and Llama, so that their weights fit.
 */
export class RotaryPositions {
  readonly table: Tensor; // (context, D), not trained

  /** `frequencies`: radians a position of each pair, D/2 of them; default {@link rotaryFrequencies} of base 10,000. */
  constructor(
    context: number,
    width: number,
    init: Init,
    frequencies: ArrayLike<number> = rotaryFrequencies(width),
  ) {
    if (2 * frequencies.length !== width)
      throw new RangeError(
        `RotaryPositions: ${frequencies.length} frequencies do not pair up a head of ${width} columns; give half as many as columns`,
      );
    const angles = rotaryTable(context, frequencies);
    this.table = keep(Tensor.from(init.backend, angles, [context, width]));
  }

  /**
   * x (B, T, W) of positions start … start+T−1 → (B, T, W): its first `heads` heads of D columns turned, what lies behind
   * them as it was. Of packed queries, keys and values the first H + K heads turn. Throws ShapeError beyond the context.
   */
  forward(x: Tensor, options: Pick<RotaryOptions, "heads" | "start">): Tensor {
    return rotary(x, this.table, options);
  }
}

/**
 * Cosines, then sines of position · frequency, (context, D) in row-major order: what the op `rotary` takes. Angles are
 * float64, since a float32 of 100,000 radians is off by a hundredth.
 */
export function rotaryTable(context: number, frequencies: ArrayLike<number>): Float32Array {
  const half = frequencies.length;
  return Float32Array.from({ length: context * 2 * half }, (_, at) => {
    const column = at % (2 * half);
    const angle = Math.floor(at / (2 * half)) * frequencies[column % half]!;
    return column < half ? Math.cos(angle) : Math.sin(angle);
  });
}
