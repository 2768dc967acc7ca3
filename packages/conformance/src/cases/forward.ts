import { type Backend, Tensor, tidy } from "@muladd/tensor";
import { apply, isFused, take } from "../apply.ts";
import type { AnyOp, Case, Create } from "../case.ts";
import { describe, dotProduct, type Evidence, onDevice } from "../compare.ts";
import { type Call, callsOf, isDerivative } from "../derivatives.ts";
import { withOracle } from "../differences.ts";
import { type Exact, exact } from "../exact.ts";
import { inputData } from "../inputs.ts";
import { recall } from "../recall.ts";
import type { Sample } from "../sample.ts";
import { samples } from "../samples.ts";

interface Expected {
  readonly call: Call;
  readonly results: readonly Result[];
}
const expectations = recall<readonly Expected[]>();

/** Values on the device against the float64 oracle, and exact values where an op has edges. */
export const forwardCase = (op: AnyOp, create: Create): Case => ({
  name: `forward: ${op}`,
  kind: "forward",
  op,
  run: () =>
    onDevice(create, async (backend, evidence) => {
      for (const { call, results: expected } of await expectations(op, () => expect(op))) {
        const actual = await results(op, call, backend);
        const title = `${op} ${describe(
          call.operands.map((x) => x.shape),
          call.attrs,
        )}`;
        compareResults(evidence, title, actual, expected, dotProduct(call.terms));
      }
      for (const row of exact[op] ?? []) await checkExact(op, row, backend, evidence);
    }),
});

const expect = (op: AnyOp): Promise<Expected[]> =>
  withOracle(async (truth) => {
    const made: Expected[] = [];
    for (const call of await calls(op))
      made.push({ call, results: await results(op, call, truth) });
    return made;
  });

/** Every call that the samples of `op` make. */
async function calls(op: AnyOp): Promise<readonly Call[]> {
  if (isFused(op) && isDerivative(op)) return await callsOf(op);
  const rows = samples[op as keyof typeof samples] as readonly Sample<unknown>[];
  return rows.map((sample, index) => {
    const data = inputData(op, sample, index);
    return {
      operands: sample.inputs.map(({ shape, dtype = "f32" }, i) => ({
        shape,
        dtype,
        data: data[i]!,
      })),
      attrs: sample.attrs,
      terms: sample.terms ?? 1,
    };
  });
}

interface Result {
  readonly shape: string;
  readonly data: ArrayLike<number>;
}

async function results(
  op: AnyOp,
  { operands, attrs }: Omit<Call, "terms">,
  backend: Backend,
): Promise<Result[]> {
  const outs = tidy(() =>
    apply(
      op,
      operands.map((x) => Tensor.from(backend, x.data, x.shape, x.dtype)),
      attrs,
      backend,
    ),
  );
  const shapes = outs.map((t) => `${t.dtype} (${t.shape.join(", ")})`);
  const data = await take(outs);
  return data.map((numbers, i) => ({ shape: shapes[i]!, data: numbers }));
}

export function compareResults(
  evidence: Evidence,
  title: string,
  actual: readonly Result[],
  expected: readonly Result[],
  tolerance: number,
): void {
  evidence.expect(
    actual.length === expected.length,
    `${title}: ${actual.length} results, expected ${expected.length}`,
  );
  for (const [i, { shape, data }] of actual.entries()) {
    const wanted = expected[i];
    if (!wanted) return;
    const what = actual.length > 1 ? `${title}, result ${i}` : title;
    evidence.expect(shape === wanted.shape, `${what}: is ${shape}, expected ${wanted.shape}`);
    evidence.compare(what, data, wanted.data, tolerance);
  }
}

async function checkExact(
  op: AnyOp,
  { why, operands, attrs = {}, expected, tolerance = 0 }: Exact,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const [result] = await results(op, { operands, attrs }, backend);
  evidence.compare(`${op}: ${why}`, result!.data, expected, tolerance);
}
