import { type ScheduleOptions, scheduleKinds } from "@muladd/optim";
import { ConfigError } from "../check-config.ts";

/** How a model is trained. Plain data: it is what a run's config.json holds. */
export interface TrainingConfig {
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** Sequences in one forward pass, B. */
  readonly batch: number;
  /** Forward passes whose gradients are averaged into one step. */
  readonly accumulate: number;
  /** Integer in 0 … 2³²−1. With the data and the backend it decides every number of the run. */
  readonly seed: number;
  /** Largest global norm of the gradients; 0 for none. */
  readonly clip: number;
  readonly optimizer: AdamWConfig | SGDConfig;
  readonly schedule: Omit<ScheduleOptions, "steps">;
  /** Steps between evaluations on held-out text. */
  readonly evalEvery: number;
  /** Batches of an evaluation: the same ones each time. */
  readonly evalBatches: number;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  /** Steps between samples; 0 for none. */
  readonly sampleEvery: number;
}

export interface AdamWConfig {
  readonly kind: "adamw";
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

export interface SGDConfig {
  readonly kind: "sgd";
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/** AdamW as GPT-3 was trained, but for ε. */
export const adamw: AdamWConfig = {
  kind: "adamw",
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 0.1,
};

const COUNTS = ["steps", "batch", "accumulate", "evalEvery", "evalBatches", "saveEvery"] as const;

/** Completes and checks training settings. Throws {@link ConfigError} for what cannot be. */
export function trainingConfig(given: Partial<TrainingConfig> = {}): TrainingConfig {
  const steps = given.steps ?? 2000;
  const config: TrainingConfig = {
    steps,
    batch: given.batch ?? 12,
    accumulate: given.accumulate ?? 1,
    seed: given.seed ?? 0,
    clip: given.clip ?? 1,
    optimizer: given.optimizer ?? adamw,
    schedule: given.schedule ?? {
      kind: "cosine",
      rate: 1e-3,
      floor: 1e-4,
      warmup: Math.min(100, Math.floor(steps / 10)),
    },
    evalEvery: given.evalEvery ?? 250,
    evalBatches: given.evalBatches ?? 20,
    saveEvery: given.saveEvery ?? 250,
    sampleEvery: given.sampleEvery ?? 250,
  };
  for (const field of COUNTS)
    if (!Number.isSafeInteger(config[field]) || config[field] < 1)
      throw new ConfigError(field, `is ${config[field]}`, "it must be a whole number, 1 at least");
  if (!Number.isSafeInteger(config.sampleEvery) || config.sampleEvery < 0)
    throw new ConfigError("sampleEvery", `is ${config.sampleEvery}`, "a whole number; 0 for none");
  if (!Number.isInteger(config.seed) || config.seed < 0 || config.seed > 0xffffffff)
    throw new ConfigError("seed", `is ${config.seed}`, "it is a whole number in 0 … 4294967295");
  if (!(config.clip >= 0 && config.clip < Infinity))
    throw new ConfigError("clip", `is ${config.clip}`, "it is a norm above 0, or 0 for none");
  checkSchedule(config.schedule, steps);
  checkOptimizer(config.optimizer);
  return config;
}

function checkSchedule(schedule: TrainingConfig["schedule"], steps: number): void {
  const { kind, rate, floor = 0, warmup = 0, decay = 0.2 } = schedule;
  if (!scheduleKinds.includes(kind))
    throw new ConfigError("schedule", `is "${kind}"`, `it is one of ${scheduleKinds.join(", ")}`);
  if (!(rate > 0 && rate < Infinity))
    throw new ConfigError("rate", `is ${rate}`, "it must be above 0; 1e-3 suits small models");
  if (!(floor >= 0 && floor <= rate))
    throw new ConfigError(
      "floor",
      `is ${floor}`,
      `it lies in 0 … ${rate}, the rate; a tenth of that is usual`,
    );
  if (!(decay >= 0 && decay <= 1))
    throw new ConfigError("decay", `is ${decay}`, "it is a share of the run, in 0 … 1");
  if (!Number.isSafeInteger(warmup) || warmup < 0)
    throw new ConfigError("warmup", `is ${warmup}`, "a whole number of steps; 0 for none");
  if (warmup > steps && kind !== "constant")
    throw new ConfigError(
      "warmup",
      `of ${warmup} steps is longer than the run of ${steps}`,
      `try warmup ${Math.floor(steps / 10)}`,
    );
}

function checkOptimizer(optimizer: TrainingConfig["optimizer"]): void {
  const { kind, weightDecay } = optimizer;
  const share = (field: string, x: number) => {
    if (!(x >= 0 && x < 1)) throw new ConfigError(field, `is ${x}`, "it lies in 0 … 1, without 1");
  };
  if (kind === "adamw") {
    if (!Array.isArray(optimizer.betas) || optimizer.betas.length !== 2)
      throw new ConfigError("betas", `is ${optimizer.betas}`, "they are two, such as 0.9 and 0.95");
    for (const beta of optimizer.betas) share("betas", beta);
    if (!(optimizer.epsilon > 0 && optimizer.epsilon < Infinity))
      throw new ConfigError("epsilon", `is ${optimizer.epsilon}`, "it must be above 0; try 1e-8");
  } else if (kind === "sgd") share("momentum", optimizer.momentum);
  else throw new ConfigError("optimizer", `is "${kind}"`, "it is one of adamw, sgd");
  if (!(weightDecay >= 0 && weightDecay < Infinity))
    throw new ConfigError("weightDecay", `is ${weightDecay}`, "it must be 0 or more");
}
