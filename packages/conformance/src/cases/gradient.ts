import { valueAndGrad } from "@muladd/autograd";
import { type Backend, dispose, ShapeError, size, type TypedArray, tidy } from "@muladd/tensor";
import { apply, probe } from "../apply.ts";
import type { AnyOp, Case, Create } from "../case.ts";
import { describe, type Evidence, GRADIENT, onDevice } from "../compare.ts";
import { coordinates, differences, withOracle } from "../differences.ts";
import { inputData, isSmooth, upload } from "../inputs.ts";
import { type Kink, kinks } from "../kinks.ts";
import { recall } from "../recall.ts";
import type { Sample } from "../sample.ts";
import { samples } from "../samples.ts";

/**
 * Derivatives on the device, element by element against differences of the float64 oracle, and in whole against the
 * oracle's own derivatives; exact values at kinks.
 */
export const gradientCase = (op: keyof typeof samples, create: Create): Case => ({
  name: `gradient: ${op}`,
  kind: "gradient",
  op,
  run: () =>
    onDevice(create, async (backend, evidence) => {
      for (const [index, sample] of (samples[op] as readonly Sample<unknown>[]).entries())
        if (sample.inputs.some(isSmooth) && !sample.forwardOnly)
          await checkSample(op, sample, index, backend, evidence);
      for (const kink of kinks[op] ?? []) await checkKink(op, kink, backend, evidence);
    }),
});

/** What the oracle says of a sample, for each operand. */
interface Expected {
  readonly gradients: readonly ArrayLike<number>[];
  /** By differences, at the elements `at`; undefined for an operand that is not smooth. */
  readonly slopes: readonly (
    | { readonly at: readonly number[]; readonly slopes: Float64Array }
    | undefined
  )[];
}
const expectations = recall<Expected>();

const expect = (op: AnyOp, sample: Sample<unknown>, index: number): Promise<Expected> =>
  withOracle(async (truth) => {
    const data = inputData(op, sample, index);
    const expected = await gradients(op, sample, data, truth);
    const xs = upload(truth, sample, data);
    const slopes: Expected["slopes"][number][] = [];
    for (const [i, input] of sample.inputs.entries()) {
      const x = xs[i]!;
      const value = async () => {
        truth.write(x.buffer, data[i]!);
        using total = tidy(() => probe(apply(op, xs, sample.attrs, truth)));
        return total.item();
      };
      const at = isSmooth(input) && coordinates(size(input.shape));
      slopes.push(at ? { at, slopes: await differences(value, data[i]!, at) } : undefined);
      truth.write(x.buffer, data[i]!);
    }
    dispose(xs);
    return { gradients: expected, slopes };
  });

async function checkSample(
  op: AnyOp,
  sample: Sample<unknown>,
  index: number,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const actual = await gradients(op, sample, inputData(op, sample, index), backend);
  const expected = await expectations(`${op} ${index}`, () => expect(op, sample, index));
  const title = `gradient of ${op} ${describe(
    sample.inputs.map((x) => x.shape),
    sample.attrs,
  )}`;
  for (const [i, found] of expected.slopes.entries()) {
    if (!found) continue;
    const what = `${title} for operand ${i}`;
    const { at, slopes } = found;
    evidence.compare(
      `${what}, at ${at.length} elements`,
      at.map((j) => actual[i]![j]!),
      slopes,
      GRADIENT,
    );
    evidence.compare(what, actual[i]!, expected.gradients[i]!, GRADIENT);
  }
}

/** The gradient of the probed op for each smooth operand; an operand without influence has zeros. */
export async function gradients(
  op: AnyOp,
  sample: Sample<unknown>,
  data: readonly TypedArray[],
  backend: Backend,
): Promise<ArrayLike<number>[]> {
  const xs = upload(backend, sample, data);
  const wrt = xs.filter((_, i) => isSmooth(sample.inputs[i]!));
  const { value, grads } = valueAndGrad(() => probe(apply(op, xs, sample.attrs, backend)), wrt);
  try {
    return await Promise.all(
      xs.map(async (x) => {
        const g = grads.get(x);
        if (!g) return new Float64Array(size(x.shape));
        if (g.shape.join() !== x.shape.join())
          throw new ShapeError(`${op}: the gradient is (${g.shape}), its operand (${x.shape})`);
        return g.data();
      }),
    );
  } finally {
    dispose([value, grads, xs]);
  }
}

async function checkKink(
  op: AnyOp,
  { why, operands, attrs = {}, expected }: Kink,
  backend: Backend,
  evidence: Evidence,
): Promise<void> {
  const sample = { inputs: operands.map(({ shape, dtype }) => ({ shape, dtype })), attrs };
  const data = operands.map((x) => Float64Array.from(x.data));
  const actual = await gradients(op, sample, data, backend);
  for (const [i, wanted] of expected.entries())
    evidence.compare(`${op}: ${why}, operand ${i}`, actual[i]!, wanted, GRADIENT);
}
