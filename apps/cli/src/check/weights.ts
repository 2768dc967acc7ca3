import { valueAndGrad } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import { GPT, readWeights, writeWeights } from "@muladd/gpt";
import { blank, namedParameters, parametersOf } from "@muladd/nn";
import { type Backend, dispose, type Parameter, Rng, Tensor, tidy } from "@muladd/tensor";

/** One weight: what autodiff says of it on the backend, and what differences of the loss in float64 say. */
export interface WeightCheck {
  /** The parameter, and the weight's place in it in row-major order. */
  readonly parameter: string;
  readonly index: number;
  readonly weight: number;
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic − numeric| over the largest of both and the root mean square of the parameter's gradient. */
  readonly error: number;
}

/** Sequences of ids and what follows each: (B, T). */
export interface CheckBatch {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
  readonly shape: readonly [B: number, T: number];
}

export interface WeightOptions {
  readonly samples: number;
  readonly seed: number;
  readonly onSample?: (done: number) => void;
}

/** Step of the central difference: in float64 the cut-off and the rounding error are both near 1e-11. */
const H = 1e-5;

/**
 * Checks `samples` weights of a model against central differences of the loss on `batch`. Gradients are computed on the
 * model's backend; the losses with a weight moved up and down on the float64 oracle, all ops composed from primitives,
 * so that it shares no kernel with what it judges. Weights are drawn from all parameters in turn.
 */
export async function checkWeights(
  model: GPT,
  batch: CheckBatch,
  { samples, seed, onSample }: WeightOptions,
): Promise<WeightCheck[]> {
  const { backend } = model.tokens.weight;
  const gradients = await analyticGradients(model, batch, backend);
  using oracle = reference({ precision: "f64", fused: false });
  const twin = new GPT(model.config, blank(oracle));
  writeWeights(twin, await readWeights(model), "the model");
  const parameters = [...namedParameters(twin)];
  const input = upload(oracle, batch);
  const loss = async () => {
    using value = tidy(() => lossOf(twin, input));
    return value.item();
  };

  const rng = new Rng(seed, "gradcheck");
  const checks: WeightCheck[] = [];
  for (let i = 0; i < samples; i++) {
    const [name, p] = parameters[i % parameters.length]!;
    const gradient = gradients.get(name)!;
    const index = rng.integer(touched(name, p, batch));
    const { weight, slope: numeric } = await difference(oracle, p, index, loss);
    const analytic = gradient[index]!;
    const scale = Math.max(Math.abs(analytic), Math.abs(numeric), rootMeanSquare(gradient));
    const error = scale === 0 ? 0 : Math.abs(analytic - numeric) / scale;
    checks.push({
      parameter: name,
      index,
      weight,
      analytic,
      numeric,
      error: Number.isNaN(error) ? Infinity : error,
    });
    onSample?.(i + 1);
  }
  return checks;
}

/** Position embeddings beyond the batch's last position have no influence, so that a check of them says nothing. */
function touched(name: string, { shape }: Parameter, { shape: [, T] }: CheckBatch): number {
  if (name === "positions.weight") return T * shape[1]!;
  return shape.reduce((n, d) => n * d, 1);
}

async function difference(
  oracle: Backend,
  p: Parameter,
  index: number,
  loss: () => Promise<number>,
): Promise<{ weight: number; slope: number }> {
  const values = await p.data();
  const weight = values[index]!;
  const at = async (x: number) => {
    values[index] = x;
    oracle.write(p.buffer, values);
    return loss();
  };
  const up = await at(weight + H);
  const down = await at(weight - H);
  values[index] = weight;
  oracle.write(p.buffer, values);
  return { weight, slope: (up - down) / (2 * H) };
}

async function analyticGradients(
  model: GPT,
  batch: CheckBatch,
  backend: Backend,
): Promise<Map<string, ArrayLike<number>>> {
  const input = upload(backend, batch);
  const result = valueAndGrad(() => lossOf(model, input), parametersOf(model));
  try {
    const found = new Map<string, ArrayLike<number>>();
    for (const [name, p] of namedParameters(model)) {
      const g = result.grads.get(p);
      // No gradient at all is a fault that the difference shows, unless the parameter has no influence.
      found.set(name, g ? await g.data() : new Float64Array(p.shape.reduce((n, d) => n * d, 1)));
    }
    return found;
  } finally {
    dispose([result, input]);
  }
}

type Input = { readonly ids: Tensor; readonly targets: Tensor };

const upload = (backend: Backend, { ids, targets, shape }: CheckBatch): Input => ({
  ids: Tensor.from(backend, ids, shape, "i32"),
  targets: Tensor.from(backend, targets, shape, "i32"),
});

const lossOf = (model: GPT, { ids, targets }: Input): Tensor => model.loss(ids, targets);

function rootMeanSquare(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! ** 2;
  return Math.sqrt(sum / Math.max(x.length, 1));
}
