/** Dimensions, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export const size = (shape: Shape): number => {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
};

/** "(2, 3)": how error messages print a shape. */
export const show = (shape: Shape): string => `(${shape.join(", ")})`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Row-major strides, in elements. */
export function denseStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** NumPy's broadcasting: axes align at the right, a 1 stretches. `undefined` when `a` and `b` do not fit. */
export function broadcast(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out[i] = x === 1 ? y : x;
  }
  return out;
}

/** Strides that read a dense tensor of `from` as if it had shape `to`: 0 where broadcast. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = denseStrides(from);
  const lead = to.length - from.length;
  return to.map((d, i) => (i < lead || (from[i - lead] === 1 && d !== 1) ? 0 : strides[i - lead]!));
}
