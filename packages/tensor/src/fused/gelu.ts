import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { add, erf, mul, tanh } from "../functions.ts";
import type { None } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { alike } from "./softmax.ts";

/** Residual: the derivative at x, since it shares its costly part with the value. */
export const geluRow: FusedOp<None> = {
  results: 1,
  residualsOnDemand: true,
  infer: ([x]) => [alike("gelu", [x!]), x!],
  run: (k, [out, slope], [x]) => k.gelu(out!, slope, x!),
  compose: ([x]) => [mul(mul(x!, 0.5), add(erf(mul(x!, Math.SQRT1_2)), 1))],
};

const A = Math.sqrt(2 / Math.PI);
const B = 0.044715;

/** Residual: the derivative at x. */
export const geluTanhRow: FusedOp<None> = {
  results: 1,
  residualsOnDemand: true,
  infer: ([x]) => [alike("geluTanh", [x!]), x!],
  run: (k, [out, slope], [x]) => k.geluTanh(out!, slope, x!),
  compose: ([x]) => {
    const inner = mul(mul(x!, A), add(mul(mul(x!, x!), B), 1));
    return [mul(mul(x!, 0.5), add(tanh(inner), 1))];
  },
};

/** Gaussian error linear unit, exact form: ½x(1 + erf(x/√2)). Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415 */
export const gelu = (x: Tensor): Tensor => dispatchFused("gelu", geluRow, [x], {})[0]!;

/** GELU by tanh, as GPT-2 was trained ("gelu_new"); differs from {@link gelu} by 4.73e-4 at most. */
export const geluTanh = (x: Tensor): Tensor => dispatchFused("geluTanh", geluTanhRow, [x], {})[0]!;
