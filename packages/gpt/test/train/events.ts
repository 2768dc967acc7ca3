import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type FitOptions,
  type TrainEvent,
  type Trainer,
  type TrainingConfig,
  fit as train, // a linter takes a call of "fit" for a focused test
} from "../../src/train/index.ts";
import { tokenizer } from "./tiny.ts";

export const training: Partial<TrainingConfig> = {
  steps: 12,
  evalEvery: 4,
  saveEvery: 6,
  sampleEvery: 8,
};
export const sample = { prompt: "the ", tokens: 5 };

export async function events(
  trainer: Trainer,
  options: Partial<FitOptions> = {},
  seen: (event: TrainEvent) => void = () => {},
): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  // Step by step, so that what a test asks for amid a run comes at a step that it knows.
  for await (const event of train({ trainer, tokenizer, sample, together: 0, ...options })) {
    all.push(event);
    seen(event);
  }
  return all;
}
export const outline = (all: readonly TrainEvent[]) => all.map((e) => `${e.type} ${e.step}`);
export const losses = (all: readonly TrainEvent[]) =>
  all.flatMap((e) => (e.type === "step" ? [[e.step, e.rawLoss, e.gradNorm]] : []));
export const evaluations = (all: readonly TrainEvent[]) =>
  all.flatMap((e) => (e.type === "eval" ? [[e.step, e.heldOut, e.best]] : []));
export const samples = (all: readonly TrainEvent[]) =>
  all.flatMap((e) => (e.type === "sample" ? [e.text] : []));
export const steps = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `step ${from + i}`);
export const json = async (root: string, file: string) =>
  JSON.parse(await readFile(join(root, file), "utf8"));
/** Lines of metrics.jsonl, without the times. */
export const metrics = async (root: string) =>
  (await readFile(join(root, "metrics.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

/** Trains until `last`, and leaves off there as a kill would: nothing is saved for it. */
export async function until(
  last: string,
  trainer: Trainer,
  options: Partial<FitOptions>,
): Promise<void> {
  for await (const event of train({ trainer, tokenizer, sample, ...options }))
    if (`${event.type} ${event.step}` === last) return;
}
