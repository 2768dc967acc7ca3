import { readFile } from "node:fs/promises";
import { valueAndGrad } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import { blank, crossEntropyLoss, namedParameters, parametersOf } from "@muladd/nn";
import { AdamW, clipScale, globalNorm } from "@muladd/optim";
import { type Backend, readSafetensors, type Shape, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { GPT, type GPTConfig, generate, gptConfig, writeWeights } from "../src/index.ts";
import { ourTensors } from "./families.ts";

// Fixtures of PyTorch and transformers, computed in float64 and stored as float32: see tooling/fixtures.

interface Curve {
  readonly optimizer: { beta1: number; beta2: number; epsilon: number; decay: number };
  readonly clip: number | null;
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly norms: readonly number[];
}
interface Fixture {
  readonly loss: number;
  readonly training: Readonly<Record<string, Curve>>;
  readonly greedy: { readonly prompt: readonly number[]; readonly tokens: readonly number[] };
}

const GPT2 = gptConfig({ vocabulary: 31, context: 16, width: 24, heads: 3, layers: 2 });
const NANOGPT = gptConfig({
  vocabulary: 13,
  context: 8,
  width: 16,
  heads: 2,
  layers: 1,
  bias: false,
  activation: "gelu",
});
const cases: [name: string, config: GPTConfig, conv1d: boolean][] = [
  ["gpt2-tiny", GPT2, true],
  ["nanogpt-tiny", NANOGPT, false],
];
const backends: [name: string, create: () => Backend][] = [
  ["float32, fused", () => reference()],
  ["float32, composed", () => reference({ fused: false })],
  ["float64", () => reference({ precision: "f64" })],
];

const path = (file: string) => new URL(`./fixtures/${file}`, import.meta.url);

describe.each(cases)("%s of PyTorch", async (name, config, conv1d) => {
  const { tensors } = readSafetensors(await readFile(path(`${name}.safetensors`)), name);
  const fixture = JSON.parse(await readFile(path(`${name}.json`), "utf8")) as Fixture;

  describe.each(backends)("on reference %s", (_, create) => {
    const setUp = (backend: Backend) => {
      const model = new GPT(config, blank(backend));
      writeWeights(model, ourTensors(tensors, "", conv1d), name);
      const upload = (key: string, shape?: Shape) => {
        const t = tensors.get(key)!;
        return Tensor.from(backend, t.data, shape ?? t.shape);
      };
      const ids = upload("ids");
      const targets = upload("targets");
      const loss = () => crossEntropyLoss(model.forward(ids), targets);
      return { model, ids, loss, parameters: parametersOf(model) };
    };
    // float32 in PyTorch itself is off by up to 5e-7 here; ten times that leaves room for other orders of summation.
    const close = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
      expect(actual.length).toBe(expected.length);
      for (let i = 0; i < expected.length; i++)
        expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(
          5e-6 * Math.max(1, Math.abs(expected[i]!)),
        );
    };

    test("gives the same logits and loss", async () => {
      using backend = create();
      const { model, ids, loss } = setUp(backend);
      close(await model.forward(ids).data(), tensors.get("logits")!.data);
      close([await loss().item()], [fixture.loss]);
    });

    test("gives the same gradient for every parameter", async () => {
      using backend = create();
      const { model, loss, parameters } = setUp(backend);
      const { grads } = valueAndGrad(loss, parameters);
      const expected = ourTensors(tensors, "grad.", conv1d);
      expect(expected.size).toBe(parameters.length);
      for (const [key, p] of namedParameters(model))
        close(await grads.get(p)!.data(), expected.get(key)!.data);
    });

    test.each(Object.keys(fixture.training))("takes the same ten AdamW steps, %s", async (kind) => {
      using backend = create();
      const { loss, parameters } = setUp(backend);
      const { optimizer, clip, rates, losses, norms } = fixture.training[kind]!;
      const { beta1, beta2, epsilon, decay } = optimizer;
      const adamw = new AdamW(parameters, { betas: [beta1, beta2], epsilon, weightDecay: decay });
      for (let i = 0; i < 10; i++) {
        const [value, norm] = tidy(() => {
          const { value, grads } = valueAndGrad(loss, parameters);
          const norm = globalNorm(grads);
          adamw.step(grads, rates[i]!, clipScale(norm, clip ?? Infinity));
          return [value, norm];
        });
        close([await value!.item(), await norm!.item()], [losses[i]!, norms[i]!]);
      }
    });

    test.each([true, false])("writes the same greedy text, cache %s", async (cache) => {
      using backend = create();
      const { model } = setUp(backend);
      const { prompt, tokens } = fixture.greedy;
      const written: number[] = [];
      const options = { maxTokens: tokens.length, temperature: 0, cache };
      for await (const { id } of generate(model, prompt, options)) written.push(id);
      expect(written).toEqual(tokens);
    });
  });
});
