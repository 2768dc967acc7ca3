import { valueAndGrad } from "@muladd/autograd";
import { GPT, type GPTConfig } from "@muladd/gpt";
import { type Init, namedParameters, parametersOf } from "@muladd/nn";
import { AdamW } from "@muladd/optim";
import { type Backend, dispose, Parameter, Rng, size, Tensor, tidy } from "@muladd/tensor";
import { composed } from "../apply.ts";
import type { Case, Create } from "../case.ts";
import { type Evidence, onDevice } from "../compare.ts";
import { withOracle } from "../differences.ts";
import { recall } from "../recall.ts";

// B batch, T time, V vocabulary.

const STEPS = 10;
const RATE = 3e-3;
const [B, T, V] = [2, 8, 13];

/** Two blocks deep, some forty kernels: errors of 1e-7 each, doubled a few times by norms and softmaxes. Measured: 1e-6. */
const LOGITS = 1e-5;
/** Backwards as many again, relative to the norm of the whole gradient of a parameter. Measured: 7e-7. */
const GRADIENTS = 1e-5;
/** Ten steps, each from the parameters that the errors before it have moved; a mean over positions. Measured: 2e-7. */
const LOSSES = 1e-5;

const sizes = { vocabulary: V, context: T, width: 12, heads: 3, layers: 2 };
type Config = typeof sizes & Partial<GPTConfig>;
const models: Readonly<Record<string, Config>> = {
  "a tiny GPT": sizes,
  "a tiny GPT with sinusoids, exact GELU and no biases": {
    ...sizes,
    positions: "sinusoidal",
    activation: "gelu",
    bias: false,
  },
  "a tiny Llama": {
    ...sizes,
    heads: 2,
    kvHeads: 1,
    norm: "rms",
    positions: "rotary",
    rotary: { base: 100, scaling: { kind: "llama3", factor: 4, low: 1, high: 4, original: 6 } },
    gated: true,
    bias: false,
    tied: false,
  },
  "a tiny Qwen3 with windows": {
    ...sizes,
    heads: 2,
    kvHeads: 1,
    headWidth: 8,
    hidden: 20,
    norm: "rms",
    normEpsilon: 1e-6,
    positions: "rotary",
    gated: true,
    bias: { qkv: true, out: false, mlp: false, norm: false },
    qkNorm: true,
    windows: [null, 3],
  },
  "a tiny transformer of 2017, with ReLU": {
    ...sizes,
    normPlace: "after",
    positions: "sinusoidal",
    positionScale: 1,
    embeddingScale: Math.sqrt(sizes.width),
    activation: "relu",
  },
};

/** A whole model against the oracle's: with the backend's kernels, and with compositions in place of fused ones. */
export function* modelCases(create: Create): Iterable<Case> {
  for (const [title, config] of Object.entries(models))
    for (const [how, through] of [
      ["", directly],
      [", composed", composed],
    ] as const) {
      const named = (what: string, body: Parameters<typeof onDevice>[1]): Case => ({
        name: `model: ${what} of ${title}${how}`,
        kind: "model",
        run: () => onDevice(create, body),
      });
      yield named("logits", async (backend, evidence) => {
        const actual = await logits(config, backend, through);
        evidence.compare("logits", actual, await expected.logits(title, config), LOGITS);
      });
      yield named("every parameter's gradient", async (backend, evidence) => {
        const actual = await parameterGradients(config, backend, through);
        for (const [name, wanted] of await expected.gradients(title, config))
          compareNorms(evidence, name, actual.get(name), wanted);
      });
      yield named(`${STEPS} losses`, async (backend, evidence) => {
        const actual = await losses(config, backend, through);
        evidence.compare("losses", actual, await expected.losses(title, config), LOSSES);
        evidence.expect(
          actual[STEPS - 1]! < actual[0]!,
          `the loss went from ${actual[0]} to ${actual[STEPS - 1]}`,
        );
      });
    }
}

type Through = <X>(body: () => X) => X;

const directly: Through = (body) => body();

/** What the oracle makes of a model: it has compositions only. */
function recalled<T>(make: (config: Config, backend: Backend, through: Through) => Promise<T>) {
  const known = recall<T>();
  return (title: string, config: Config) =>
    known(title, () => withOracle((truth) => make(config, truth, directly)));
}
const expected = {
  logits: recalled(logits),
  gradients: recalled(parameterGradients),
  losses: recalled(losses),
};

/** Larger than a real model starts with, and nothing 0 or 1: no gradient may be lost in noise, or hide behind a zero. */
function lively(backend: Backend): Init {
  const rng = new Rng(11, "tiny-gpt");
  const around = (shape: readonly number[], centre: number, std: number) => {
    const numbers = rng.normals(size(shape)).map((x) => centre + std * x);
    return Parameter.of(backend, numbers, shape);
  };
  return {
    backend,
    normal: (shape) => around(shape, 0, 0.3),
    matrix: (rows, columns) => around([rows, columns], 0, 0.3),
    constant: (shape, value) => around(shape, value, 0.1),
  };
}

interface Trial extends Disposable {
  readonly model: GPT;
  loss(): Tensor;
  logits(): Tensor;
}

function trial(config: Config, backend: Backend): Trial {
  const model = new GPT(config, lively(backend));
  const rng = new Rng(5, "tiny-gpt-ids");
  const draw = () =>
    Tensor.from(
      backend,
      Int32Array.from({ length: B * T }, () => rng.integer(V)),
      [B, T],
    );
  const [ids, targets] = [draw(), draw()];
  return {
    model,
    logits: () => model.forward(ids),
    loss: () => model.loss(ids, targets),
    [Symbol.dispose]: () => dispose([ids, targets, model]),
  };
}

async function logits(
  config: Config,
  backend: Backend,
  through: Through,
): Promise<ArrayLike<number>> {
  using setup = trial(config, backend);
  using out = through(() => setup.logits());
  return await out.data();
}

async function parameterGradients(
  config: Config,
  backend: Backend,
  through: Through,
): Promise<Map<string, ArrayLike<number>>> {
  using setup = trial(config, backend);
  const { value, grads } = through(() =>
    valueAndGrad(() => setup.loss(), parametersOf(setup.model)),
  );
  const found = new Map<string, ArrayLike<number>>();
  for (const [name, p] of namedParameters(setup.model))
    found.set(name, (await grads.get(p)?.data()) ?? []);
  dispose([value, grads]);
  return found;
}

async function losses(config: Config, backend: Backend, through: Through): Promise<number[]> {
  using setup = trial(config, backend);
  const parameters = parametersOf(setup.model);
  using optimizer = new AdamW(parameters);
  const found: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    using loss = tidy(() =>
      through(() => {
        const { value, grads } = valueAndGrad(() => setup.loss(), parameters);
        optimizer.step(grads, RATE);
        return value;
      }),
    );
    found.push(await loss.item());
  }
  return found;
}

const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((a, v) => a + v * v, 0));

/** The largest difference, relative to the norm of what is expected. A missing or zero gradient is a failure. */
function compareNorms(
  evidence: Evidence,
  name: string,
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
): void {
  const scale = norm(expected);
  evidence.expect(scale > 0, `${name}: the oracle's gradient is 0, so that nothing is tested`);
  evidence.expect(norm(actual ?? []) > 0, `${name}: has no gradient`);
  const relative = (x: ArrayLike<number>) => Array.from(x, (v) => v / scale);
  evidence.compare(
    `gradient of ${name}, relative to its norm`,
    relative(actual ?? []),
    relative(expected),
    GRADIENTS,
  );
}
