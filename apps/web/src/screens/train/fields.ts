import { biasesOf, dropoutsOf, type GPTConfig, preset, presetConfig } from "@muladd/gpt";
import { type TrainingConfig, trainingConfig, trainingSettings } from "@muladd/gpt/train";
import type { Depth } from "../../client/app.svelte.ts";
import type { RunSettings } from "../../engine/protocol.ts";

export type Value = number | string | boolean;

/** One setting: its place in {@link RunSettings}, its flag, and its words. */
export interface Field {
  /** Its flag without the dashes, and its name in a link: "min-lr". */
  readonly flag: string;
  readonly part: "model" | "training" | "flags";
  readonly name: string;
  readonly label: string;
  readonly unit?: string;
  readonly group: "Model" | "Training" | "Along the way";
  readonly depth: Depth;
  readonly choices?: readonly string[];
  /** A number's bounds; a field without bounds and choices is yes or no. */
  readonly min?: number;
  readonly max?: number;
  readonly whole?: boolean;
  /** What a whole config says of it. */
  readonly effective: (model: GPTConfig, training: TrainingConfig) => Value | undefined;
}

const count = (min: number, max: number) => ({ min, max, whole: true });
const size = (name: "layers" | "heads" | "width" | "context", max: number) =>
  ({
    flag: name,
    part: "model",
    name,
    ...count(1, max),
    group: "Model",
    effective: (m) => m[name],
  }) satisfies Partial<Field>;
const along = (
  flag: string,
  name: "evalEvery" | "evalBatches" | "sampleEvery" | "saveEvery",
  least = 1,
) =>
  ({
    flag,
    part: "training",
    name,
    ...count(least, 1e6),
    group: "Along the way",
    depth: "everything",
    effective: (_, t) => t[name],
  }) satisfies Partial<Field>;
const training = { part: "training", group: "Training" } as const;
const flags = { part: "flags", group: "Training" } as const;

/** Every setting but text, tokenizer and preset, in the order that they are shown. */
export const fields: readonly Field[] = [
  { ...size("layers", 1000), label: "Layers", depth: "story" },
  { ...size("heads", 1000), label: "Heads", unit: "a layer", depth: "story" },
  { ...size("width", 1e5), label: "Width", unit: "columns", depth: "story" },
  { ...size("context", 1e5), label: "Context", unit: "tokens", depth: "story" },
  {
    flag: "positions",
    part: "model",
    name: "positions",
    label: "Positions",
    group: "Model",
    depth: "numbers",
    choices: ["learned", "sinusoidal"],
    effective: (m) => m.positions,
  },
  {
    flag: "activation",
    part: "model",
    name: "activation",
    label: "Activation",
    group: "Model",
    depth: "everything",
    choices: ["gelu", "geluTanh"],
    effective: (m) => m.activation,
  },
  {
    flag: "bias",
    part: "model",
    name: "bias",
    label: "Biases",
    group: "Model",
    depth: "everything",
    effective: (m) => biasesOf(m).mlp,
  },
  {
    flag: "dropout",
    part: "model",
    name: "dropout",
    label: "Dropout",
    unit: "share",
    group: "Model",
    depth: "everything",
    min: 0,
    max: 0.99,
    effective: (m) => dropoutsOf(m).residual,
  },
  {
    ...training,
    flag: "steps",
    name: "steps",
    label: "Steps",
    depth: "story",
    ...count(1, 1e7),
    effective: (_, t) => t.steps,
  },
  {
    ...training,
    flag: "batch",
    name: "batch",
    label: "Batch",
    unit: "sequences",
    depth: "story",
    ...count(1, 1e5),
    effective: (_, t) => t.batch,
  },
  {
    ...training,
    flag: "accumulate",
    name: "accumulate",
    label: "Accumulate",
    unit: "passes a step",
    depth: "everything",
    ...count(1, 1e5),
    effective: (_, t) => t.accumulate,
  },
  {
    ...flags,
    flag: "lr",
    name: "lr",
    label: "Learning rate",
    unit: "at most",
    depth: "story",
    min: 1e-9,
    max: 1e3,
    effective: (_, t) => t.schedule.rate,
  },
  {
    ...flags,
    flag: "min-lr",
    name: "minLr",
    label: "Rate at the end",
    depth: "everything",
    min: 0,
    max: 1e3,
    effective: (_, t) => t.schedule.floor,
  },
  {
    ...flags,
    flag: "warmup",
    name: "warmup",
    label: "Warm-up",
    unit: "steps",
    depth: "numbers",
    ...count(0, 1e7),
    effective: (_, t) => t.schedule.warmup,
  },
  {
    ...flags,
    flag: "schedule",
    name: "schedule",
    label: "Schedule",
    depth: "numbers",
    choices: ["cosine", "linear", "constant", "wsd"],
    effective: (_, t) => t.schedule.kind,
  },
  {
    ...flags,
    flag: "optimizer",
    name: "optimizer",
    label: "Optimizer",
    depth: "numbers",
    choices: ["adamw", "sgd"],
    effective: (_, t) => t.optimizer.kind,
  },
  {
    ...flags,
    flag: "beta1",
    name: "beta1",
    label: "β₁",
    unit: "of adamw",
    depth: "everything",
    min: 0,
    max: 0.9999999,
    effective: (_, t) => (t.optimizer.kind === "adamw" ? t.optimizer.betas[0] : undefined),
  },
  {
    ...flags,
    flag: "beta2",
    name: "beta2",
    label: "β₂",
    unit: "of adamw",
    depth: "everything",
    min: 0,
    max: 0.9999999,
    effective: (_, t) => (t.optimizer.kind === "adamw" ? t.optimizer.betas[1] : undefined),
  },
  {
    ...flags,
    flag: "momentum",
    name: "momentum",
    label: "Momentum",
    unit: "of sgd",
    depth: "everything",
    min: 0,
    max: 0.9999999,
    effective: (_, t) => (t.optimizer.kind === "sgd" ? t.optimizer.momentum : undefined),
  },
  {
    ...flags,
    flag: "weight-decay",
    name: "weightDecay",
    label: "Weight decay",
    depth: "everything",
    min: 0,
    max: 1e3,
    effective: (_, t) => t.optimizer.weightDecay,
  },
  {
    ...training,
    flag: "clip",
    name: "clip",
    label: "Clip gradients",
    unit: "norm; 0 for none",
    depth: "numbers",
    min: 0,
    max: 1e6,
    effective: (_, t) => t.clip,
  },
  {
    ...training,
    flag: "seed",
    name: "seed",
    label: "Seed",
    depth: "story",
    ...count(0, 0xffffffff),
    effective: (_, t) => t.seed,
  },
  { ...along("eval-every", "evalEvery"), label: "Evaluate every", unit: "steps" },
  { ...along("eval-batches", "evalBatches"), label: "Evaluation", unit: "batches" },
  { ...along("sample-every", "sampleEvery", 0), label: "Write every", unit: "steps; 0 for never" },
  { ...along("save-every", "saveEvery"), label: "Save every", unit: "steps" },
];

/** What was given for a field; `undefined` where the preset decides. */
export const given = (settings: RunSettings, { part, name }: Field): Value | undefined =>
  (settings[part] as Readonly<Record<string, Value | undefined>> | undefined)?.[name];

/** Settings with another value for a field; `undefined` leaves it to the preset. */
export function change(settings: RunSettings, field: Field, value: Value | undefined): RunSettings {
  const { [field.name]: _, ...rest } = { ...settings[field.part] } as Record<string, Value>;
  const part = value === undefined ? rest : { ...rest, [field.name]: value };
  // What the one optimizer has, the other has not.
  const foreign = field.name === "optimizer" ? ["beta1", "beta2", "momentum", "weightDecay"] : [];
  return {
    ...settings,
    [field.part]: Object.fromEntries(Object.entries(part).filter(([k]) => !foreign.includes(k))),
  };
}

/** What a preset and the settings make, before the text decides the vocabulary. Throws ConfigError for what cannot be. */
export function configured(settings: RunSettings): {
  readonly model: GPTConfig;
  readonly training: TrainingConfig;
} {
  const chosen = preset(settings.preset);
  const base = { ...chosen.training, ...settings.training };
  return {
    model: presetConfig(chosen, { ...settings.model, vocabulary: 65 }),
    training: trainingConfig(trainingSettings(settings.flags ?? {}, base)),
  };
}
