/** One number of a parameter. */
export interface Weight {
  readonly parameter: string;
  readonly index: number;
}

/** A gradient beside a difference quotient. */
export interface Checked extends Weight {
  readonly gradient: number;
  readonly difference: number;
  /** |gradient − difference| / max(|gradient|, |difference|): what it says of numbers near 0 is rounding. */
  readonly relative: number;
  /** |gradient − difference| / max(|gradient|, |difference|, rms of the parameter's gradient): what is judged. */
  readonly error: number;
  readonly passes: boolean;
}

/**
 * In float64 a central difference is off by about h² from the curve and by 1e-16·loss / h from rounding: at 1e-5 both are near 1e-10,
 * far below what is judged.
 */
export const STEP = 1e-5;
/**
 * The gradient on the page is float32, 6e-8 a number, and sums hundreds of products through some fifty ops. Measured on WASM: 1e-6 of
 * a parameter's usual gradient at most, over 124 weights of small and medium. The rest is room for GPUs, whose exp and tanh may be
 * looser. A wrong rule is off by a factor, not by a thousandth.
 */
export const TOLERANCE = 1e-3;

/** Compares a gradient with a difference quotient. `usual`: the size of the parameter's gradients. */
export function judge(
  weight: Weight,
  gradient: number,
  difference: number,
  usual: number,
): Checked {
  const off = Math.abs(gradient - difference);
  const larger = Math.max(Math.abs(gradient), Math.abs(difference));
  const part = (of: number) => (off === 0 ? 0 : off / of); // NaN stays NaN, and fails
  const error = part(Math.max(larger, usual));
  return {
    ...weight,
    ...{ gradient, difference, error },
    relative: part(larger),
    passes: error <= TOLERANCE,
  };
}
