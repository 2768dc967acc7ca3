import { keep, type RotaryOptions, rotary, ShapeError, Tensor } from "@muladd/tensor";
import type { Init } from "./init.ts";
import { type RotaryScaling, scaledFrequencies } from "./rotary-scaling.ts";

// P positions (context), D head width.

/** How fast rotary positions turn. */
export interface RotaryConfig {
  /** The slowest pair turns by about 1 / base radians a position. Default 10,000. */
  readonly base?: number;
  readonly scaling?: RotaryScaling | undefined;
}

/** Rows of the first table: those of a longer one are made when they are asked for. */
const ROWS = 256;

/**
 * Positions told by turning queries and keys, so that their product depends on the distance alone; nothing is learned or
 * added. Su et al. 2021, https://arxiv.org/abs/2104.09864; halves paired as in GPT-NeoX and Llama, so that their weights fit.
 *
 * "dynamic" scaling turns by the length of the sequence: a pass that ends at position n − 1 turns what it is given as a
 * sequence of n is turned. So a pass over the whole of it is transformers'; keys that a cache holds from shorter ones are not
 * turned anew.
 */
export class RotaryPositions {
  /** Cosines and sines of the first positions, (rows ≤ P, D), not trained. */
  table: Tensor;
  /** The length that a table depends on; 0 where it does not. */
  #length = 0;

  constructor(
    readonly context: number,
    readonly width: number,
    init: Init,
    readonly config: RotaryConfig = {},
  ) {
    this.table = this.#rows(init, Math.min(ROWS, context));
  }

  /**
   * x (B, T, W) of positions start … start+T−1 → (B, T, W): its first `heads` heads of D columns turned, what lies behind
   * them as it was. Of packed queries, keys and values the first H + K heads turn. Throws ShapeError beyond the context.
   */
  forward(x: Tensor, { heads, start = 0 }: Pick<RotaryOptions, "heads" | "start">): Tensor {
    const end = start + (x.shape[1] ?? 0);
    if (end > this.context)
      throw new ShapeError(
        `RotaryPositions: position ${end - 1} is beyond the context of ${this.context}`,
      );
    this.#reach(x, end);
    return rotary(x, this.table, { heads, start });
  }

  /** Makes a table that serves a sequence of `length`. */
  #reach(device: Pick<Init, "backend">, length: number): void {
    const { scaling } = this.config;
    const wanted = scaling?.kind === "dynamic" && length > scaling.original ? length : 0;
    if (this.#length === wanted && length <= this.table.shape[0]!) return;
    this.#length = wanted;
    this.table[Symbol.dispose]();
    const doubled = 2 ** Math.ceil(Math.log2(length));
    this.table = this.#rows(device, wanted || Math.min(doubled, this.context));
  }

  #rows({ backend }: Pick<Init, "backend">, rows: number): Tensor {
    const { base = 10_000, scaling } = this.config;
    const frequencies = scaledFrequencies(this.width, base, scaling, this.#length);
    return keep(Tensor.from(backend, rotaryTable(rows, frequencies), [rows, this.width]));
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
