import { valueAndGrad } from "@muladd/autograd";
import {
  add,
  attention,
  type Backend,
  crossEntropy,
  dispose,
  div,
  exp,
  gather,
  gelu,
  geluTanh,
  layerNorm,
  linear,
  linearCrossEntropy,
  log,
  matmul,
  max,
  mul,
  rmsNorm,
  rotary,
  rsqrt,
  type Shape,
  scatterAdd,
  size,
  softmax,
  swiglu,
  Tensor,
  type TypedArray,
  tanh,
  tidy,
} from "@muladd/tensor";
import { probe } from "../apply.ts";
import type { Case, Create } from "../case.ts";
import { GRADIENT, onDevice } from "../compare.ts";
import { coordinates, differences, withOracle } from "../differences.ts";
import { inputData } from "../inputs.ts";
import { recall } from "../recall.ts";

/** A function of f32 tensors, on which the probe of a gradient is differentiated again. */
interface Probed {
  readonly shapes: readonly Shape[];
  readonly domain?: readonly [number, number];
  f(...xs: readonly Tensor[]): Tensor;
}

const ids = (x: Tensor) => Tensor.from(x.backend, Int32Array.of(2, 0, 2), [3]);

/** Nonlinear, so that the second derivative is not zero; fused ops with residuals, whose derivative reads them. */
const functions: Readonly<Record<string, Probed>> = {
  exp: { shapes: [[5]], f: (x) => exp(x!) },
  "mul and matmul": {
    shapes: [
      [2, 3],
      [3, 2],
    ],
    f: (a, b) => mul(matmul(a!, b!), matmul(a!, b!)),
  },
  "div, log and rsqrt": {
    shapes: [[2, 3], [3]],
    domain: [0.5, 2],
    f: (a, b) => div(log(a!), rsqrt(b!)),
  },
  "tanh and max": { shapes: [[2, 3]], f: (x) => mul(tanh(x!), max(x!, 1)) },
  "gather and scatterAdd": {
    shapes: [[4, 2]],
    f: (x) => {
      const rows = gather(x!, ids(x!));
      return exp(scatterAdd(mul(rows, rows), ids(x!), 4));
    },
  },
  softmax: { shapes: [[2, 5]], f: (x) => softmax(x!) },
  gelu: { shapes: [[7]], f: (x) => gelu(x!) },
  geluTanh: { shapes: [[7]], f: (x) => geluTanh(x!) },
  layerNorm: { shapes: [[2, 4], [4], [4]], f: (x, gain, bias) => layerNorm(x!, gain!, bias!) },
  rmsNorm: { shapes: [[2, 4], [4]], f: (x, gain) => rmsNorm(x!, gain!) },
  crossEntropy: { shapes: [[3, 4]], f: (x) => crossEntropy(x!, ids(x!)) },
  linear: {
    shapes: [[2, 3], [2, 3], [2]],
    f: (x, w, b) => {
      const y = linear(x!, w!, b!);
      return mul(y, y);
    },
  },
  swiglu: { shapes: [[7], [7]], f: (gate, up) => swiglu(gate!, up!) },
  linearCrossEntropy: {
    shapes: [
      [3, 2],
      [4, 2],
    ],
    f: (x, w) => linearCrossEntropy(x!, w!, ids(x!), 0.5),
  },
  rotary: {
    shapes: [[1, 3, 6]],
    f: (x) => {
      const table = Tensor.from(
        x!.backend,
        Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
        [3, 4],
      );
      const y = rotary(x!, table, { heads: 1 });
      return mul(y, y);
    },
  },
  attention: { shapes: [[1, 3, 12]], f: (x) => attention([x!], { heads: 2 }) },
  "a layer normed twice": {
    shapes: [[2, 4], [4], [4]],
    f: (x, gain, bias) => {
      const y = layerNorm(x!, gain!, bias!);
      return layerNorm(add(mul(y, y), x!), gain!, bias!);
    },
  },
};

/** By operand: elements, and the slopes there. */
type Slopes = readonly { readonly at: readonly number[]; readonly slopes: Float64Array }[];
const expectations = recall<Slopes>();

const dataOf = (name: string, row: Probed): TypedArray[] => {
  const inputs = row.shapes.map((shape) => ({ shape, ...(row.domain && { domain: row.domain }) }));
  return inputData("exp", { inputs, attrs: {} }, name.length);
};

const expect = (name: string, row: Probed): Promise<Slopes> =>
  withOracle(async (truth) => {
    const data = dataOf(name, row);
    const found: Slopes[number][] = [];
    for (const [i, shape] of row.shapes.entries()) {
      const at = coordinates(size(shape));
      const value = () => probedGradient(row, data, truth);
      found.push({ at, slopes: await differences(value, data[i]!, at) });
    }
    return found;
  });

/** The gradient of a probe of the gradient, against differences of the oracle's gradient. */
export const secondDerivativeCases = (create: Create): Case[] =>
  Object.entries(functions).map(([name, row]) => ({
    name: `second derivative: ${name}`,
    kind: "gradient",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        const actual = await secondGradients(row, dataOf(name, row), backend);
        const expected = await expectations(name, () => expect(name, row));
        for (const [i, { at, slopes }] of expected.entries())
          evidence.compare(
            `second derivative of ${name} for operand ${i}`,
            at.map((j) => actual[i]![j]!),
            slopes,
            GRADIENT,
          );
      }),
  }));

/** Σ cos · ∂(Σ cos · f)/∂x over all operands, as a function of them. */
function inner(row: Probed, xs: readonly Tensor[]): Tensor {
  return tidy(() => {
    const { grads } = valueAndGrad(() => probe([row.f(...xs)]), xs);
    return probe(xs.map((x) => grads.get(x)!));
  });
}

const uploaded = (row: Probed, data: readonly TypedArray[], backend: Backend) =>
  row.shapes.map((shape, i) => Tensor.from(backend, data[i]!, shape, "f32"));

async function probedGradient(
  row: Probed,
  data: readonly TypedArray[],
  backend: Backend,
): Promise<number> {
  using total = tidy(() => inner(row, uploaded(row, data, backend)));
  return await total.item();
}

async function secondGradients(
  row: Probed,
  data: readonly TypedArray[],
  backend: Backend,
): Promise<ArrayLike<number>[]> {
  const xs = uploaded(row, data, backend);
  const { value, grads } = valueAndGrad(() => inner(row, xs), xs);
  try {
    return await Promise.all(
      xs.map(async (x) => (await grads.get(x)?.data()) ?? new Float64Array(size(x.shape))),
    );
  } finally {
    dispose([value, grads, xs]);
  }
}
