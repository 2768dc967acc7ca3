import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { add, erf, exp, mul, neg, tanh } from "../functions.ts";
import type { None } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { alike } from "./softmax.ts";

export const geluRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("gelu", xs)],
  run: (k, [out], [x]) => k.gelu(out!, x!),
  compose: ([x]) => [mul(mul(x!, 0.5), add(erf(mul(x!, Math.SQRT1_2)), 1))],
};

export const geluGradRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("geluGrad", xs)],
  run: (k, [dx], [x, g]) => k.geluGrad(dx!, x!, g!),
  // d/dx x·Φ(x) = Φ(x) + x·φ(x), with the normal distribution's Φ and density φ
  compose: ([x, g]) => {
    const cdf = mul(add(erf(mul(x!, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(mul(x!, x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(g!, add(cdf, mul(x!, density)))];
  },
};

const A = Math.sqrt(2 / Math.PI);
const B = 0.044715;

/** tanh(√(2/π)(x + 0.044715x³)) */
const inner = (x: Tensor) => tanh(mul(mul(x, A), add(mul(mul(x, x), B), 1)));

export const geluTanhRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("geluTanh", xs)],
  run: (k, [out], [x]) => k.geluTanh(out!, x!),
  compose: ([x]) => [mul(mul(x!, 0.5), add(inner(x!), 1))],
};

export const geluTanhGradRow: FusedOp<None> = {
  results: 1,
  infer: (xs) => [alike("geluTanhGrad", xs)],
  run: (k, [dx], [x, g]) => k.geluTanhGrad(dx!, x!, g!),
  // ½(1 + t) + ½x(1 − t²)·√(2/π)(1 + 3·0.044715x²)
  compose: ([x, g]) => {
    const t = inner(x!);
    const slope = mul(add(mul(mul(x!, x!), 3 * B), 1), A);
    const bend = mul(mul(mul(x!, 0.5), add(neg(mul(t, t)), 1)), slope);
    return [mul(g!, add(mul(add(t, 1), 0.5), bend))];
  },
};

/** Gaussian error linear unit, exact form: ½x(1 + erf(x/√2)). Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415 */
export const gelu = (x: Tensor): Tensor => dispatchFused("gelu", geluRow, [x], {})[0]!;

/** The gradient of {@link gelu} at x, given the gradient g of its result. */
export const geluGrad = (x: Tensor, g: Tensor): Tensor =>
  dispatchFused("geluGrad", geluGradRow, [x, g], {})[0]!;

/** GELU by tanh, as GPT-2 was trained ("gelu_new"); differs from {@link gelu} by 4.73e-4 at most. */
export const geluTanh = (x: Tensor): Tensor => dispatchFused("geluTanh", geluTanhRow, [x], {})[0]!;

/** The gradient of {@link geluTanh} at x, given the gradient g of its result. */
export const geluTanhGrad = (x: Tensor, g: Tensor): Tensor =>
  dispatchFused("geluTanhGrad", geluTanhGradRow, [x, g], {})[0]!;
