import {
  type Dense,
  type DType,
  denseStrides,
  type FusedKernels,
  type Kernels,
  Rng,
  type Shape,
  size,
  type View,
} from "@muladd/tensor";

/** A buffer of a call, and what it holds before. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

/** One kernel, or a forward kernel and its gradient, on operands: the same on every backend. */
export interface Call {
  /** The kernel and its shapes. */
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Which of them are results. */
  readonly results: readonly number[];
  /** Largest |actual − expected| over the largest finite result, or 1; ∞ where only threads are compared. */
  readonly tolerance: number;
  /** False where a kernel is missing. */
  run(kernels: Kernels & Partial<FusedKernels>, operands: readonly Dense[]): boolean;
}

/** Where vectors, tiles, blocks and rows of a cache line begin and end. */
const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 63, 65, 96, 97];
const LONG = [127, 129, 255, 257, 300, 513];

/** What a call is made of, drawn from (seed, index) alone. */
export class Draw {
  readonly operands: Operand[] = [];
  readonly results: number[] = [];
  readonly #rng: Rng;
  /** Whether NaN, infinities and both zeros are among the numbers. */
  readonly odd: boolean;

  constructor(seed: number, index: number, finite: boolean) {
    this.#rng = Rng.at(seed, "stress", index);
    this.odd = this.below(4) === 0 && !finite;
  }

  below(n: number): number {
    return Math.floor(this.#rng.uniform() * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** A size: an edge, or any up to `most`; 0 and 1 among them. */
  size(most = 40): number {
    if (this.below(3) === 0) return Math.min(most, this.pick(EDGES));
    return this.below(most + 1);
  }

  some(most = 40): number {
    return Math.max(1, this.size(most));
  }

  /** Up to a few hundred, now and then. */
  long(): number {
    return this.below(8) === 0 ? this.pick(LONG) : this.size();
  }

  /** Numbers in [−2, 2) that float32 holds, or [0, 2) for `positive`. */
  numbers(shape: Shape, positive = false): number {
    return this.#put(shape, "f32", () => {
      if (this.odd && this.below(24) === 0)
        return this.pick(
          positive ? [0, Infinity, Number.NaN] : [0, -0, Infinity, -Infinity, Number.NaN],
        );
      const x = this.#rng.uniform();
      return Math.fround(positive ? 2 * x : 4 * x - 2);
    });
  }

  integers(shape: Shape, low: number, above: number): number {
    return this.#put(shape, "i32", () => low + this.below(above - low));
  }

  result(shape: Shape, dtype: DType = "f32"): number {
    // What no kernel computes: an element that is not written shows.
    const at = this.#put(shape, dtype, () => -7777);
    this.results.push(at);
    return at;
  }

  /** In place: read and written. */
  state(shape: Shape, positive = false): number {
    const at = this.numbers(shape, positive);
    this.results.push(at);
    return at;
  }

  /** A window of `shape` onto a new operand: axes in any order, with gaps, an offset, and, unless `whole`, repeated. */
  window(shape: Shape, dtype: DType, whole = false): (operands: readonly Dense[]) => View {
    const order = shape.map((_, axis) => axis);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    if (this.below(2)) order.sort((a, b) => a - b);
    const strides = shape.map(() => 0);
    let elements = 1;
    for (const axis of order.reverse()) {
      if (!whole && this.below(5) === 0) continue;
      strides[axis] = elements;
      elements *= shape[axis]! + (this.below(6) === 0 ? this.below(4) : 0);
    }
    const offset = this.below(3) === 0 ? this.below(6) : 0;
    const flat = [elements + offset];
    const at = whole
      ? this.result(flat, dtype)
      : dtype === "i32"
        ? this.integers(flat, -2, 3)
        : this.numbers(flat);
    return (operands) => ({ ...operands[at]!, shape, strides, offset });
  }

  call(name: string, tolerance: number, run: Call["run"]): Call {
    const { operands, results } = this;
    const shapes = operands.map(({ shape }) => `(${shape})`).join(" ");
    return {
      name: `${name} ${shapes}${this.odd ? " with NaN and ∞" : ""}`,
      operands,
      results,
      tolerance,
      run,
    };
  }

  #put(shape: Shape, dtype: DType, at: (i: number) => number): number {
    const data = Float64Array.from({ length: size(shape) }, (_, i) => at(i));
    return this.operands.push({ shape, dtype, data }) - 1;
  }
}

/** Draws a call of one kernel. */
export type Family = (d: Draw) => Call;

/** For kernels, which return nothing: the call was made. */
export const done = (_: unknown): boolean => true;
export const whole = (x: Dense): View => ({ ...x, strides: denseStrides(x.shape), offset: 0 });
