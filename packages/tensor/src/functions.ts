import type { Backend, DType } from "./backend.ts";
import { dispatch } from "./dispatch.ts";
import { ShapeError } from "./errors.ts";
import { tidy } from "./memory.ts";
import type { Rng } from "./random.ts";
import { type Shape, show, size } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

// The public verbs. They take axes from the end when negative, and a number never becomes a tensor: it rides along as
// the constant of scale and shift. All are of f32, any shape to the same shape, unless a comment says otherwise.

/** −x. f32 or i32. */
export const neg = (x: Tensor): Tensor => dispatch("neg", [x], {});
/** eˣ. */
export const exp = (x: Tensor): Tensor => dispatch("exp", [x], {});
/** Natural logarithm; NaN below 0, −∞ at 0. */
export const log = (x: Tensor): Tensor => dispatch("log", [x], {});
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => dispatch("tanh", [x], {});
/** 1/√x. */
export const rsqrt = (x: Tensor): Tensor => dispatch("rsqrt", [x], {});
/** The error function 2/√π ∫₀ˣ exp(−t²) dt. */
export const erf = (x: Tensor): Tensor => dispatch("erf", [x], {});
/** Sine of x radians. */
export const sin = (x: Tensor): Tensor => dispatch("sin", [x], {});
/** Cosine of x radians. */
export const cos = (x: Tensor): Tensor => dispatch("cos", [x], {});

/** a + b, broadcast. f32 or i32. Throws {@link ShapeError} when the shapes do not fit. */
export const add = (a: Tensor, b: Tensor | number): Tensor =>
  typeof b === "number" ? dispatch("shift", [a], { c: b }) : dispatch("add", [a, b], {});
/** a − b, broadcast. f32 or i32. */
export const sub = (a: Tensor, b: Tensor | number): Tensor =>
  typeof b === "number" ? dispatch("shift", [a], { c: -b }) : dispatch("sub", [a, b], {});
/** a ∘ b, element by element, broadcast. f32 or i32. */
export const mul = (a: Tensor, b: Tensor | number): Tensor =>
  typeof b === "number" ? dispatch("scale", [a], { c: b }) : dispatch("mul", [a, b], {});
/** a / b, element by element, broadcast. By a number it is a · (1/b), which may differ in the last bit. */
export const div = (a: Tensor, b: Tensor | number): Tensor =>
  typeof b === "number" ? dispatch("scale", [a], { c: 1 / b }) : dispatch("div", [a, b], {});
/** The larger of a and b, broadcast; NaN wins. f32 or i32. Where they are equal, a takes the gradient. */
export const maximum = (a: Tensor, b: Tensor): Tensor => dispatch("maximum", [a, b], {});
/** 1 where a ≥ b, else 0, broadcast, in the dtype of the operands. No gradient. */
export const greaterEqual = (a: Tensor, b: Tensor): Tensor => dispatch("greaterEqual", [a, b], {});
/** 1 where a = b, else 0, broadcast, in the dtype of the operands. No gradient. */
export const equal = (a: Tensor, b: Tensor): Tensor => dispatch("equal", [a, b], {});
/** mask ≠ 0 ? a : b, broadcast. Unlike multiplying by a mask it drops NaN and infinities of the branch not taken. */
export const select = (mask: Tensor, a: Tensor, b: Tensor): Tensor =>
  dispatch("select", [mask, a, b], {});

const axisOf = (x: Tensor, axis: number) => (axis < 0 ? axis + x.shape.length : axis);

/** Sums over `axis`, which stays with length 1. f32 or i32. */
export const sum = (x: Tensor, axis: number): Tensor =>
  dispatch("sum", [x], { axis: axisOf(x, axis) });
/** The largest over `axis`, which stays with length 1. Equal largest elements share the gradient. */
export const max = (x: Tensor, axis: number): Tensor =>
  dispatch("max", [x], { axis: axisOf(x, axis) });
/** The mean over `axis`, which stays with length 1. */
export const mean = (x: Tensor, axis: number): Tensor =>
  tidy(() => mul(sum(x, axis), 1 / x.shape.at(axis)!));
/** The sum of all elements: (…) → (). */
export const sumAll = (x: Tensor): Tensor =>
  tidy(() => reshape(sum(reshape(x, [size(x.shape)]), 0), []));
/** The mean of all elements: (…) → (). */
export const meanAll = (x: Tensor): Tensor => tidy(() => mul(sumAll(x), 1 / size(x.shape)));

/** The same elements in another shape; one −1 is inferred. Shares the memory. Throws {@link ShapeError} when the counts differ. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const at = shape.indexOf(-1);
  if (at < 0) return dispatch("reshape", [x], { shape });
  const rest = size(shape.filter((_, i) => i !== at));
  const length = size(x.shape) / rest;
  if (!Number.isInteger(length) || shape.indexOf(-1, at + 1) >= 0)
    throw new ShapeError(`reshape: ${show(x.shape)} does not fill ${show(shape)}`);
  return dispatch("reshape", [x], { shape: shape.map((d, i) => (i === at ? length : d)) });
}
/** Axis i of the result is axis axes[i] of x. */
export const permute = (x: Tensor, axes: readonly number[]): Tensor =>
  dispatch("permute", [x], { axes: axes.map((axis) => axisOf(x, axis)) });
/** Repeats axes of length 1, and new leading axes, up to `shape`. */
export const expand = (x: Tensor, shape: Shape): Tensor => dispatch("expand", [x], { shape });
/** The indices start … end−1 of `axis`. */
export const slice = (x: Tensor, axis: number, start: number, end: number): Tensor =>
  dispatch("slice", [x], { axis: axisOf(x, axis), start, end });
/** Zeros of length `length` on `axis`, holding x from `start`. */
export const pad = (x: Tensor, axis: number, start: number, length: number): Tensor =>
  dispatch("pad", [x], { axis: axisOf(x, axis), start, length });
/** Joins along `axis`; all other axes are equal. */
export const concat = (xs: readonly Tensor[], axis: number): Tensor => {
  if (xs.length === 0) throw new ShapeError("concat: needs one tensor at least");
  return dispatch("concat", xs, { axis: axisOf(xs[0]!, axis) });
};
/** Converts the dtype. f32 → i32 truncates towards zero and saturates; NaN gives 0. No gradient to or from i32. */
export const cast = (x: Tensor, dtype: DType): Tensor => dispatch("cast", [x], { dtype });

/**
 * Products of matrices: a (…, m, k), b (…, k, n) → (…, m, n), with equal leading axes. With `transposeA` a is
 * (…, k, m), with `transposeB` b is (…, n, k); nothing is copied. Throws {@link ShapeError} when they do not fit.
 */
export const matmul = (
  a: Tensor,
  b: Tensor,
  attrs: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): Tensor => dispatch("matmul", [a, b], attrs);

/** Rows of a table (V, C) at ids (…) i32 → (…, C). An id outside 0 … V−1 gives NaN. */
export const gather = (table: Tensor, ids: Tensor): Tensor => dispatch("gather", [table, ids], {});
/** Sums rows (…, C) into zeros (length, C) at ids (…) i32. An id outside 0 … length−1 is ignored. */
export const scatterAdd = (rows: Tensor, ids: Tensor, length: number): Tensor =>
  dispatch("scatterAdd", [rows, ids], { length });

/** start + step · i over `shape`, in row-major order. */
export const iota = (
  backend: Backend,
  shape: Shape,
  { start = 0, step = 1, dtype = "f32" }: { start?: number; step?: number; dtype?: DType } = {},
): Tensor => dispatch("iota", [], { shape, start, step, dtype }, backend);
/** A constant. */
export const full = (backend: Backend, shape: Shape, value: number, dtype: DType = "f32"): Tensor =>
  dispatch("iota", [], { shape, start: value, step: 0, dtype }, backend);
/** Random numbers in [0, 1), the same on every backend; takes one draw of `rng`. */
export const uniform = (backend: Backend, shape: Shape, rng: Rng): Tensor =>
  dispatch("uniform", [], { shape, ...rng.draw() }, backend);
