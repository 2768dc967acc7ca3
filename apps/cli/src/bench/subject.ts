import { GPT, type GPTConfig, type Preset, preset, presetConfig, presets } from "@muladd/gpt";
import { type TrainingConfig, trainingConfig } from "@muladd/gpt/train";
import { blank, init, namedWeights, type WeightFormat } from "@muladd/nn";
import { type Backend, dispose, Packed, Rng, size, slice } from "@muladd/tensor";
import { checkTensors } from "../train/memory.ts";

/** Characters of tiny Shakespeare: the vocabulary of the published figures. */
const VOCABULARY = 65;

const cpu = presets["nanogpt-cpu"]!;

/** nanoGPT's model and optimizer at another size, with a step short enough to be repeated. */
const sized = (title: string, model: Partial<Preset["model"]>, batch: number): Preset => ({
  ...cpu,
  title,
  model: { ...cpu.model, ...model },
  training: { ...cpu.training, batch },
});

/** What is measured besides presets. `tooling/bench/torch_step.py` has the same models by the same names. */
const subjects: Readonly<Record<string, Preset>> = {
  "baby-gpt": sized("baby GPT", { layers: 6, heads: 6, width: 384, context: 256 }, 8),
  "gpt2-124m": sized(
    "GPT-2 124M, nanoGPT's",
    { layers: 12, heads: 12, width: 768, context: 64, vocabulary: 50257 },
    4,
  ),
};

/** A model to measure, and how it is trained. */
export interface Subject {
  readonly name: string;
  readonly model: GPTConfig;
  /** One forward pass a step: what a preset accumulates only repeats it. */
  readonly training: TrainingConfig;
}

/** The subject of that name, or the preset, at its own sizes or those given. Throws ConfigError when there is neither. */
export function subject(
  name: string,
  { batch, context }: { batch?: number | undefined; context?: number | undefined } = {},
): Subject {
  const found = Object.hasOwn(subjects, name) ? subjects[name]! : preset(name);
  const vocabulary = found.model.vocabulary ?? VOCABULARY;
  return {
    name,
    model: presetConfig(found, { vocabulary, ...(context === undefined ? {} : { context }) }),
    training: trainingConfig({
      ...found.training,
      accumulate: 1,
      ...(batch === undefined ? {} : { batch }),
    }),
  };
}

/**
 * An untrained model, its matrices in `weights`, and the bytes of them all; to be disposed by whoever measures it. Packed
 * matrices never exist in f32. Throws CLIError when a tensor is too large for a buffer.
 */
export function newModel(
  backend: Backend,
  config: GPTConfig,
  weights: WeightFormat = "f32",
): Disposable & { readonly gpt: GPT; readonly weightBytes: number } {
  checkTensors(config, backend);
  const gpt = new GPT(config, weights === "f32" ? init(backend, 0) : blank(backend, { weights }));
  let weightBytes = 0;
  for (const [, weight] of namedWeights(gpt)) {
    if (weight instanceof Packed) fill(weight);
    weightBytes += weight instanceof Packed ? weight.byteLength : 4 * size(weight.shape);
  }
  return { gpt, weightBytes, [Symbol.dispose]: () => dispose(gpt) };
}

/** Rows that are drawn and packed; the others repeat them, since a billion numbers would take minutes. */
const DRAWN = 64;

function fill(weight: Packed): void {
  const [rows, columns] = weight.shape;
  weight.write(new Rng(0, "bench").normals(Math.min(rows, DRAWN) * columns).map((x) => 0.02 * x));
  for (const cell of [weight.words, weight.scales])
    for (let row = DRAWN; cell && row < rows; row += DRAWN) {
      using drawn = slice(cell, 0, 0, Math.min(DRAWN, rows - row));
      cell.store(drawn, 0, row);
    }
}
