import { valueAndGrad } from "@muladd/autograd";
import { type GPT, generate } from "@muladd/gpt";
import { namedParameters, parametersOf } from "@muladd/nn";
import { AdamW, clipScale, globalNorm } from "@muladd/optim";
import { type Backend, dispose, slice, Tensor, tidy } from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { type Evidence, onDevice } from "../compare.ts";

/** Steps of AdamW, as the fixtures hold them. */
export interface Curve {
  readonly optimizer: {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly decay: number;
  };
  readonly clip: number | null;
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly norms: readonly number[];
}

/** The text that the highest logits make. */
export interface Greedy {
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
}

/** A model on a device, and what PyTorch makes of the same weights. */
export interface Witness {
  readonly model: GPT;
  /** (B, T) each, of the batch that is trained on. */
  readonly ids: Tensor;
  readonly targets: Tensor;
  readonly loss: number;
  /** Sequences, all of one length, and the logits of their last positions. */
  readonly logits: {
    readonly ids: readonly (readonly number[])[];
    readonly last: ArrayLike<number>;
  };
  /** Of the batch's mean loss, by our names of parameters. */
  gradients(): Promise<ReadonlyMap<string, ArrayLike<number>>>;
}

/** What is known before the model is made. */
export interface Expected {
  readonly title: string;
  readonly curves: Readonly<Record<string, Curve>>;
  readonly greedy: Greedy;
}

/** float32 in PyTorch itself is off by up to 8e-7 here; six times that leaves room for other orders of summation. */
const MODEL = 5e-6;

/**
 * A whole model against PyTorch's: logits, loss, the gradient of every parameter, AdamW steps, greedy text with the cache and
 * without.
 */
export function witnessCases(
  create: Create,
  { title, curves, greedy }: Expected,
  load: (backend: Backend) => Promise<Witness>,
): Case[] {
  const one = (
    what: string,
    check: (witness: Witness, evidence: Evidence) => Promise<void>,
  ): Case => ({
    name: `${title}, ${what}`,
    kind: "model",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        const witness = await load(backend);
        await check(witness, evidence);
        dispose([witness.model, witness.ids, witness.targets]);
      }),
  });
  return [
    one("logits and loss", async ({ model, ids, targets, loss, logits }, evidence) => {
      using last = lastLogits(model, logits.ids);
      using value = model.loss(ids, targets);
      evidence.compare("logits", await last.data(), logits.last, MODEL);
      evidence.compare("loss", await value.data(), [loss], MODEL);
    }),
    one("every gradient", async (witness, evidence) => {
      const { model, ids, targets } = witness;
      const expected = await witness.gradients();
      const { value, grads } = valueAndGrad(() => model.loss(ids, targets), parametersOf(model));
      for (const [name, p] of namedParameters(model)) {
        const [g, e] = [grads.get(p), expected.get(name)];
        if (g && e) evidence.compare(name, await g.data(), e, MODEL);
        else evidence.fail(`${name} has no gradient ${g ? "in the fixtures" : "here"}`);
      }
      dispose([value, grads]);
    }),
    ...Object.entries(curves).map(([kind, curve]) =>
      one(`ten AdamW steps, ${kind}`, (witness, evidence) => train(witness, curve, evidence)),
    ),
    ...[true, false].map((cache) =>
      one(`greedy text, ${cache ? "cached" : "not cached"}`, async ({ model }, evidence) => {
        const { prompt, tokens } = greedy;
        const written: number[] = [];
        const options = { maxTokens: tokens.length, temperature: 0, cache };
        for await (const { id } of generate(model, prompt, options)) written.push(id);
        evidence.compare("ids", written, tokens, 0);
      }),
    ),
  ];
}

/** Of the last position of each sequence, (sequences, V). */
function lastLogits(model: GPT, sequences: readonly (readonly number[])[]): Tensor {
  const length = sequences[0]?.length ?? 0;
  const { backend } = model.tokens.weight;
  return tidy(() => {
    const ids = Tensor.from(backend, sequences.flat(), [sequences.length, length], "i32");
    return slice(model.forward(ids), 1, length - 1, length);
  });
}

async function train(
  { model, ids, targets }: Witness,
  { optimizer, clip, rates, losses, norms }: Curve,
  evidence: Evidence,
): Promise<void> {
  const { beta1, beta2, epsilon, decay } = optimizer;
  const parameters = parametersOf(model);
  using adamw = new AdamW(parameters, { betas: [beta1, beta2], epsilon, weightDecay: decay });
  for (const [i, rate] of rates.entries()) {
    const before = tidy(() => {
      const { value, grads } = valueAndGrad(() => model.loss(ids, targets), parameters);
      const norm = globalNorm(grads);
      adamw.step(grads, rate, clipScale(norm, clip ?? Infinity));
      return { value, norm };
    });
    evidence.compare(`loss of step ${i + 1}`, await before.value.data(), [losses[i]!], MODEL);
    evidence.compare(`norm of step ${i + 1}`, await before.norm.data(), [norms[i]!], MODEL);
    dispose(before);
  }
}
