import {
  type Backend,
  dispatchFused,
  type Event,
  type FusedName,
  type FusedOp,
  fused,
  observe,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { composed, take } from "../apply.ts";
import type { Case, Create } from "../case.ts";
import { describe, dotProduct, type Evidence, GRADIENT, onDevice, SAME } from "../compare.ts";
import { type Call, callsOf, isDerivative } from "../derivatives.ts";
import { withOracle } from "../differences.ts";
import { inputData, isSmooth } from "../inputs.ts";
import { recall } from "../recall.ts";
import type { CasedFused, Sample, SampledFused } from "../sample.ts";
import { samples } from "../samples.ts";
import { gradients } from "./gradient.ts";

const values = recall<readonly ArrayLike<number>[]>();
const slopes = recall<readonly ArrayLike<number>[]>();

/**
 * A kernel against the composition that defines it, on one device, and both against the oracle: the value, and for an
 * op with a derivative the gradients.
 */
export const fusedCase = (op: Exclude<FusedName, CasedFused>, create: Create): Case => ({
  name: `fused: ${op}`,
  kind: "fused",
  op,
  run: async () => {
    let absent = false;
    const report = await onDevice(create, async (backend, evidence) => {
      absent = !backend.kernels[op];
      if (absent) return;
      if (isDerivative(op)) {
        for (const [index, call] of (await callsOf(op)).entries())
          await checkValues(op, call, index, backend, evidence);
        return;
      }
      for (const [index, sample] of (samples[op] as readonly Sample<unknown>[]).entries()) {
        const data = inputData(op, sample, index);
        const operands = sample.inputs.map(({ shape, dtype = "f32" }, i) => ({
          shape,
          dtype,
          data: data[i]!,
        }));
        const call = { operands, attrs: sample.attrs, terms: sample.terms ?? 1 };
        await checkValues(op, call, index, backend, evidence);
        if (!sample.forwardOnly) await checkGradients(op, sample, index, backend, evidence);
      }
    });
    return absent ? { ...report, absent: "composed: the backend has no kernel" } : report;
  },
});

async function checkValues(
  op: FusedName,
  { operands, attrs, terms }: Call,
  index: number,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const row = fused[op] as unknown as FusedOp<unknown>;
  let ran = false;
  const on = (device: Backend, compose: boolean) =>
    take(
      tidy(() => {
        const xs = operands.map((x) => Tensor.from(device, x.data, x.shape, x.dtype));
        const run = () => dispatchFused(op, row, xs, attrs);
        if (compose) return composed(run);
        const note = (event: Event) => {
          if (event.op === op) ran = true;
        };
        return observe({ observe: note }, run);
      }),
    );
  const [kernel, composition, truth] = await Promise.all([
    on(backend, false),
    on(backend, true),
    values(`${op} ${index}`, () => withOracle((device) => on(device, true))),
  ]);
  const title = `${op} ${describe(
    operands.map((x) => x.shape),
    attrs,
  )}`;
  evidence.expect(ran, `${title}: the backend has the kernel, but it did not run`);
  for (const [i, expected] of truth.entries()) {
    const what = truth.length > 1 ? `${title}, result ${i}` : title;
    evidence.compare(`${what}: kernel`, kernel[i]!, expected, dotProduct(terms));
    evidence.compare(`${what}: composition`, composition[i]!, expected, dotProduct(terms));
    evidence.compare(
      `${what}: kernel against composition`,
      kernel[i]!,
      composition[i]!,
      Math.max(SAME, dotProduct(terms)),
    );
  }
}

async function checkGradients(
  op: SampledFused,
  sample: Sample<unknown>,
  index: number,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const data = inputData(op, sample, index);
  const [kernel, composition, truth] = await Promise.all([
    gradients(op, sample, data, backend),
    // All ops run before the first await, so while the observer is there.
    composed(() => gradients(op, sample, data, backend)),
    slopes(`${op} ${index}`, () => withOracle((device) => gradients(op, sample, data, device))),
  ]);
  const title = `gradient of ${op} ${describe(
    sample.inputs.map((x) => x.shape),
    sample.attrs,
  )}`;
  for (const [i, input] of sample.inputs.entries()) {
    if (!isSmooth(input)) continue;
    const what = `${title} for operand ${i}`;
    evidence.compare(`${what}: kernel`, kernel[i]!, truth[i]!, GRADIENT);
    evidence.compare(`${what}: composition`, composition[i]!, truth[i]!, GRADIENT);
    evidence.compare(`${what}: kernel against composition`, kernel[i]!, composition[i]!, GRADIENT);
  }
}
