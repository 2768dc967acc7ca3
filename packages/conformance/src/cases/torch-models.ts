import { valueAndGrad } from "@muladd/autograd";
import { readSafetensors, type TensorFile } from "@muladd/checkpoint";
import { GPT, type GPTConfig, generate, gptConfig, writeWeights } from "@muladd/gpt";
import { blank, namedParameters, parametersOf } from "@muladd/nn";
import { AdamW, clipScale, globalNorm } from "@muladd/optim";
import { type Backend, dispose, Tensor, tidy } from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { type Evidence, onDevice } from "../compare.ts";
import { ourTensors } from "./torch-names.ts";

interface Curve {
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

/** What stands beside the tensors: `fixtures/gpt2-tiny.json`, `fixtures/nanogpt-tiny.json`. */
export interface TorchModel {
  readonly torch: string;
  readonly loss: number;
  readonly training: Readonly<Record<string, Curve>>;
  readonly greedy: { readonly prompt: readonly number[]; readonly tokens: readonly number[] };
}

/** A model as PyTorch stores it. */
interface Family {
  readonly config: GPTConfig;
  /** Its matrices are stored transposed. */
  readonly transposed: boolean;
}

const families = {
  "gpt2-tiny": {
    config: gptConfig({ vocabulary: 31, context: 16, width: 24, heads: 3, layers: 2 }),
    transposed: true,
  },
  "nanogpt-tiny": {
    config: gptConfig({
      vocabulary: 13,
      context: 8,
      width: 16,
      heads: 2,
      layers: 1,
      bias: false,
      activation: "gelu",
    }),
    transposed: false,
  },
} satisfies Record<string, Family>;

/** float32 in PyTorch itself is off by up to 8e-7 here; six times that leaves room for other orders of summation. */
const MODEL = 5e-6;

/**
 * A whole model against PyTorch's: logits, loss, the gradient of every parameter, ten AdamW steps, greedy text with the
 * cache and without. `gpt2-tiny` is of Hugging Face transformers, `nanogpt-tiny` follows nanoGPT's CPU recipe.
 */
export function torchModelCases(
  create: Create,
  name: keyof typeof families,
  bytes: Uint8Array,
  fixture: TorchModel,
): Case[] {
  const file = readSafetensors(bytes, `${name}.safetensors`);
  const family: Family = families[name];
  const one = (title: string, check: Check): Case => ({
    name: `PyTorch ${fixture.torch}: ${name}, ${title}`,
    kind: "model",
    run: () =>
      onDevice(create, async (backend, evidence) => {
        const subject = load(backend, family, file);
        await check(subject, evidence);
        dispose([subject.model, subject.ids, subject.targets]);
      }),
  });
  return [
    one("logits and loss", async ({ model, ids, loss }, evidence) => {
      using logits = model.forward(ids);
      using value = tidy(loss);
      evidence.compare("logits", await logits.data(), host(file, "logits").data, MODEL);
      evidence.compare("loss", await value.data(), [fixture.loss], MODEL);
    }),
    one("every gradient", async ({ model, loss }, evidence) => {
      const { value, grads } = valueAndGrad(loss, parametersOf(model));
      const expected = ourTensors(file.tensors, "grad.", family.transposed);
      for (const [key, p] of namedParameters(model)) {
        const g = grads.get(p);
        if (g) evidence.compare(key, await g.data(), expected.get(key)!.data, MODEL);
        else evidence.fail(`${key} has no gradient`);
      }
      dispose([value, grads]);
    }),
    ...Object.entries(fixture.training).map(([kind, curve]) =>
      one(`ten AdamW steps, ${kind}`, (subject, evidence) => train(subject, curve, evidence)),
    ),
    ...[true, false].map((cache) =>
      one(`greedy text, ${cache ? "cached" : "not cached"}`, async ({ model }, evidence) => {
        const { prompt, tokens } = fixture.greedy;
        const written: number[] = [];
        const options = { maxTokens: tokens.length, temperature: 0, cache };
        for await (const { id } of generate(model, prompt, options)) written.push(id);
        evidence.compare("ids", written, tokens, 0);
      }),
    ),
  ];
}

interface Subject {
  readonly model: GPT;
  readonly ids: Tensor;
  readonly targets: Tensor;
  readonly loss: () => Tensor;
}
type Check = (subject: Subject, evidence: Evidence) => Promise<void>;

function load(backend: Backend, { config, transposed }: Family, file: TensorFile): Subject {
  const model = new GPT(config, blank(backend));
  writeWeights(model, ourTensors(file.tensors, "", transposed), "the fixture");
  const upload = (name: string) => {
    const { data, shape } = host(file, name);
    return Tensor.from(backend, data, shape);
  };
  const ids = upload("ids");
  const targets = upload("targets");
  return { model, ids, targets, loss: () => model.loss(ids, targets) };
}

const host = ({ tensors }: TensorFile, name: string) => {
  const found = tensors.get(name);
  if (!found) throw new Error(`the fixtures have no tensor ${name}; make them again`);
  return found;
};

async function train(
  { model, loss }: Subject,
  { optimizer, clip, rates, losses, norms }: Curve,
  evidence: Evidence,
): Promise<void> {
  const { beta1, beta2, epsilon, decay } = optimizer;
  const parameters = parametersOf(model);
  using adamw = new AdamW(parameters, { betas: [beta1, beta2], epsilon, weightDecay: decay });
  for (const [i, rate] of rates.entries()) {
    const before = tidy(() => {
      const { value, grads } = valueAndGrad(loss, parameters);
      const norm = globalNorm(grads);
      adamw.step(grads, rate, clipScale(norm, clip ?? Infinity));
      return { value, norm };
    });
    evidence.compare(`loss of step ${i + 1}`, await before.value.data(), [losses[i]!], MODEL);
    evidence.compare(`norm of step ${i + 1}`, await before.norm.data(), [norms[i]!], MODEL);
    dispose(before);
  }
}
