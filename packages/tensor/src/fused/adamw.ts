import type { AdamWStep } from "../backend.ts";
import { type FusedOp, forbidWhileRecording, mustCompose, notify } from "../dispatch.ts";
import { add, div, equal, mul, rsqrt, select } from "../functions.ts";
import { tidy } from "../memory.ts";
import type { Tensor } from "../tensor.ts";
import type { Variable } from "../variable.ts";
import { alike } from "./softmax.ts";

/** Inputs p, m, v, g, gradScale (). Results: the new p, m, v. */
export const adamWRow: FusedOp<AdamWStep> = {
  results: 3,
  infer: ([p, m, v, g]) => {
    const spec = alike("adamW", [p!, m!, v!, g!]);
    return [spec, spec, spec];
  },
  run: (k, _, [p, m, v, g, gradScale], step) => k.adamW(p!, m!, v!, g!, gradScale!, step),
  compose: ([p, m, v, g, gradScale], step) => {
    const { rate, beta1, beta2, epsilon, decay, correction1, correction2 } = step;
    const scaled = mul(g!, gradScale!);
    const m1 = add(mul(m!, beta1), mul(scaled, 1 - beta1));
    const v1 = add(mul(v!, beta2), mul(mul(scaled, scaled), 1 - beta2));
    const variance = mul(v1, 1 / correction2);
    // √x as x · 1/√x is NaN at 0, so 0 is picked out; ε goes outside of the root, as in PyTorch
    const zero = mul(variance, 0);
    const root = select(equal(variance, zero), zero, mul(variance, rsqrt(variance)));
    const update = div(mul(m1, rate / correction1), add(root, epsilon));
    const p1 = add(mul(p!, 1 - rate * decay), mul(update, -1));
    const sane = equal(gradScale!, gradScale!); // false for NaN
    return [select(sane, p1, p!), select(sane, m1, m!), select(sane, v1, v!)];
  },
};

/**
 * One step of AdamW on a parameter p and its moments m and v, all of one shape, given its gradient g and a factor
 * gradScale () on it, which stays on the device. When gradScale is NaN nothing changes: a diverged step cannot
 * poison the parameters. In place where the backend can and nobody else holds the memory. Throws while recording.
 */
export function adamW(
  p: Variable,
  m: Variable,
  v: Variable,
  g: Tensor,
  gradScale: Tensor,
  step: AdamWStep,
): void {
  forbidWhileRecording("adamW");
  const inputs = [p, m, v, g, gradScale];
  const { kernels } = p.backend;
  if (kernels.adamW && !mustCompose("adamW") && p.exclusive && m.exclusive && v.exclusive) {
    adamWRow.infer(inputs, step);
    kernels.adamW(p, m, v, g, gradScale, step);
    notify({ op: "adamW", inputs, attrs: step, outs: [p, m, v] });
    return;
  }
  tidy(() => {
    const [p1, m1, v1] = adamWRow.compose(inputs, step) as [Tensor, Tensor, Tensor];
    p.assign(p1);
    m.assign(m1);
    v.assign(v1);
  });
}
