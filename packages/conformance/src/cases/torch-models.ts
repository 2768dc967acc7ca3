import { readSafetensors } from "@muladd/checkpoint";
import { GPT, type GPTConfig, gptConfig, writeWeights } from "@muladd/gpt";
import { blank } from "@muladd/nn";
import { Tensor } from "@muladd/tensor";
import type { Case, Create } from "../case.ts";
import { ourTensors } from "./torch-names.ts";
import { type Curve, type Greedy, witnessCases } from "./witness.ts";

/** What stands beside the tensors: `fixtures/nanogpt-tiny.json`, `fixtures/vaswani-tiny.json`. */
export interface TorchModel {
  readonly torch: string;
  readonly loss: number;
  readonly training: Readonly<Record<string, Curve>>;
  readonly greedy: Greedy;
}

const configs = {
  "nanogpt-tiny": gptConfig({
    vocabulary: 13,
    context: 8,
    width: 16,
    heads: 2,
    layers: 1,
    bias: false,
    activation: "gelu",
  }),
  "vaswani-tiny": gptConfig({
    vocabulary: 61,
    context: 40,
    width: 16,
    heads: 4,
    layers: 2,
    hidden: 40,
    normPlace: "after",
    activation: "relu",
    positions: "sinusoidal",
    positionScale: 1,
    embeddingScale: Math.sqrt(16),
  }),
} satisfies Record<string, GPTConfig>;

/** Models of plain PyTorch: nanoGPT's CPU recipe, and the original transformer's choices in its own layers. */
export const torchModels = [
  "nanogpt-tiny",
  "vaswani-tiny",
] as const satisfies readonly (keyof typeof configs)[];

/** A model of {@link torchModels} against PyTorch's: see {@link witnessCases}. */
export function torchModelCases(
  create: Create,
  name: (typeof torchModels)[number],
  bytes: Uint8Array,
  { torch, loss, training, greedy }: TorchModel,
): Case[] {
  const { tensors } = readSafetensors(bytes, `${name}.safetensors`);
  const host = (tensor: string) => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`the fixtures have no tensor ${tensor}; make them again`);
    return found;
  };
  const title = `PyTorch ${torch}: ${name}`;
  return witnessCases(create, { title, curves: training, greedy }, async (backend) => {
    const model = new GPT(configs[name], blank(backend));
    writeWeights(model, ourTensors(tensors, ""), "the fixture");
    const [ids, targets] = [host("ids"), host("targets")];
    const [rows, length] = ids.shape as [number, number]; // (B, T)
    const { vocabulary } = model.config;
    const last = (row: number) => ((row + 1) * length - 1) * vocabulary;
    const sequences = Array.from({ length: rows }, (_, row) => [
      ...ids.data.slice(row * length, (row + 1) * length),
    ]);
    const logits = host("logits").data;
    return {
      model,
      ids: Tensor.from(backend, ids.data, ids.shape),
      targets: Tensor.from(backend, targets.data, targets.shape),
      loss,
      logits: {
        ids: sequences,
        last: sequences.flatMap((_, row) => [...logits.slice(last(row), last(row) + vocabulary)]),
      },
      async gradients() {
        return new Map([...ourTensors(tensors, "grad.")].map(([key, { data }]) => [key, data]));
      },
    };
  });
}
