import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reference } from "@muladd/backend-reference";
import type { TensorFile } from "@muladd/checkpoint";
import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { init } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";
import { characters, type Tokenizer } from "@muladd/tokenizer";
import { GPT, type GPTConfig, gptConfig } from "../../src/index.ts";
import {
  type Folder,
  nodeFolder,
  Run,
  type RunConfig,
  type Split,
  splitTokens,
  Trainer,
  type TrainingConfig,
  trainingConfig,
} from "../../src/train/index.ts";

/** A text with something to learn, and the tokenizer of its characters. */
export const TEXT = Array.from(
  { length: 60 },
  (_, i) => `${["a cat", "the dog", "one bird"][i % 3]} saw ${i % 7} ${["mice", "bees"][i % 2]}.\n`,
).join("");
export const tokenizer: Tokenizer = characters(TEXT);
export const data: Split = splitTokens(tokenizer.encode(TEXT));

export const modelConfig = (config: Partial<GPTConfig> = {}): GPTConfig =>
  gptConfig({
    vocabulary: tokenizer.size,
    context: 8,
    width: 8,
    heads: 2,
    layers: 2,
    ...config,
  });

export interface Given {
  readonly backend?: Backend;
  readonly model?: Partial<GPTConfig>;
  readonly training?: Partial<TrainingConfig>;
  /** Of the initial weights. */
  readonly seed?: number;
}

/** Twenty steps of two short sequences, evaluated on two batches. */
export const settings = (training: Partial<TrainingConfig> = {}): TrainingConfig =>
  trainingConfig({
    steps: 20,
    batch: 2,
    evalBatches: 2,
    schedule: { kind: "cosine", rate: 0.01, floor: 0.001, warmup: 3 },
    ...training,
  });

export function create({ backend = reference(), model = {}, training = {}, seed = 1 }: Given = {}) {
  const gpt = new GPT(modelConfig(model), init(backend, seed));
  return new Trainer({ model: gpt, config: settings(training), data });
}

/** Losses and gradient norms of the next `steps` steps. */
export async function advance(trainer: Trainer, steps: number): Promise<[number, number][]> {
  const reports: [number, number][] = [];
  for (let i = 0; i < steps; i++) {
    const { loss, gradNorm } = await trainer.advance();
    reports.push([loss, gradNorm]);
  }
  return reports;
}

/** Through the bytes of a file, as a checkpoint goes. */
export const throughBytes = (file: TensorFile): TensorFile =>
  readSafetensors(writeSafetensors(file), "checkpoint");

export const runConfig = (training: Partial<TrainingConfig> = {}): RunConfig => ({
  model: modelConfig(),
  training: settings(training),
  data: { name: "text" },
});

/** An empty folder of its own on disk, removed when it is disposed. */
export async function temporary(): Promise<AsyncDisposable & { root: string; folder: Folder }> {
  const parent = await mkdtemp(join(tmpdir(), "muladd run "));
  const root = join(parent, "run");
  return {
    root,
    folder: nodeFolder(root),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}

/** Fails to write any path that matches, as a disk does that has become full. */
export const failing = (folder: Folder, path: RegExp, code = "ENOSPC"): Folder => ({
  ...folder,
  async write(at, bytes) {
    if (!path.test(at)) return folder.write(at, bytes);
    throw Object.assign(new Error(`${code}: no space left on device, write`), { code });
  },
});

/** A file that tells its step. */
export const checkpoint = (step: number): TensorFile => ({
  tensors: new Map([["model.x", { shape: [3], data: Float32Array.of(step, 2, 3) }]]),
  metadata: { step: String(step) },
});

/** A new run with checkpoints, and held-out losses at some steps. */
export async function begin(
  folder: Folder,
  steps: readonly number[] = [],
  heldOut: Readonly<Record<number, number>> = {},
): Promise<Run> {
  const run = await Run.create(folder, runConfig(), tokenizer);
  for (const step of steps) await run.save(checkpoint(step));
  for (const [step, loss] of Object.entries(heldOut))
    run.record({ step: Number(step), heldOut: loss });
  return run;
}
