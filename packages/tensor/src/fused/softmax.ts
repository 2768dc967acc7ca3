import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { div, exp, max, mul, sub, sum } from "../functions.ts";
import type { None, Spec } from "../ops.ts";
import type { Tensor } from "../tensor.ts";

/** Throws unless all are f32 of one shape. */
export function alike(name: string, xs: readonly Spec[]): Spec {
  const [first] = xs as [Spec];
  for (const x of xs)
    if (x.dtype !== "f32" || x.shape.join() !== first.shape.join())
      throw new ShapeError(
        `${name}: needs f32 operands of one shape, got ${xs.map((s) => `${s.dtype} (${s.shape})`).join(", ")}`,
      );
  return first;
}

/** Throws unless x is f32 with one axis at least. */
export function rows(name: string, x: Spec): Spec {
  if (x.dtype !== "f32" || x.shape.length === 0)
    throw new ShapeError(`${name}: needs f32 of one axis at least, got ${x.dtype} (${x.shape})`);
  return x;
}

export const softmaxRow: FusedOp<None> = {
  results: 1,
  infer: ([x]) => [rows("softmax", x!)],
  run: (k, [out], [x]) => k.softmax(out!, x!),
  compose: ([x]) => {
    const e = exp(sub(x!, max(x!, -1)));
    return [div(e, sum(e, -1))];
  },
};

export const softmaxGradRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("softmaxGrad", xs)],
  run: (k, [dx], [y, g]) => k.softmaxGrad(dx!, y!, g!),
  compose: ([y, g]) => [mul(y!, sub(g!, sum(mul(g!, y!), -1)))],
};

/** Over the last axis: eˣ / Σ eˣ, shifted by the largest so that nothing overflows. */
export const softmax = (x: Tensor): Tensor => dispatchFused("softmax", softmaxRow, [x], {})[0]!;

/** dx = y ∘ (g − Σ g∘y), from y = softmax(x) and the gradient g of y. */
export const softmaxGrad = (y: Tensor, g: Tensor): Tensor =>
  dispatchFused("softmaxGrad", softmaxGradRow, [y, g], {})[0]!;
