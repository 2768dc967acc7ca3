import { ConfigError } from "../check-config.ts";
import type { GPTConfig } from "../config.ts";
import type { Preset } from "../presets.ts";
import type { TrainingConfig } from "./config.ts";

/** A model's settings that a person gives beside a preset. */
export interface ModelSettings {
  readonly layers?: number | undefined;
  readonly heads?: number | undefined;
  readonly width?: number | undefined;
  readonly context?: number | undefined;
  readonly positions?: GPTConfig["positions"] | undefined;
  readonly activation?: GPTConfig["activation"] | undefined;
  readonly bias?: boolean | undefined;
  readonly dropout?: number | undefined;
}

/** How the optimizer and its rate differ from a preset's, each number by itself. */
export interface OptimizerSettings {
  /** The highest rate. */
  readonly lr?: number | undefined;
  /** The rate at the end; follows `lr` where it is not given. */
  readonly minLr?: number | undefined;
  /** Steps of rising rate; cut to a tenth of a short run where they are not given. */
  readonly warmup?: number | undefined;
  readonly schedule?: TrainingConfig["schedule"]["kind"] | undefined;
  readonly optimizer?: TrainingConfig["optimizer"]["kind"] | undefined;
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly momentum?: number | undefined;
}

const PLAIN = [
  "batch",
  "accumulate",
  "clip",
  "seed",
  "evalEvery",
  "evalBatches",
  "sampleEvery",
  "saveEvery",
] as const;

/** Training's settings that a person gives beside a preset. */
export type RecipeSettings = OptimizerSettings & {
  readonly [K in (typeof PLAIN)[number] | "steps"]?: TrainingConfig[K] | undefined;
};

/** The model's settings that were given. */
export function modelSettings(s: ModelSettings): Partial<GPTConfig> {
  const { layers, heads, width, context, positions, activation, bias, dropout } = s;
  return present({ layers, heads, width, context, positions, activation, bias, dropout });
}

/**
 * The recipe that `base` and the given settings make; `trainingConfig` completes and checks it. Throws
 * {@link ConfigError} for a number that cannot be, and for one that the optimizer does not have.
 */
export function trainingSettings(
  s: RecipeSettings,
  base: Preset["training"] & Partial<TrainingConfig>,
): Partial<TrainingConfig> {
  check(s);
  const steps = s.steps ?? base.steps;
  const plain = Object.fromEntries(PLAIN.map((name) => [name, s[name]]));
  return {
    ...base,
    ...present(plain),
    steps,
    optimizer: optimizer(s, base.optimizer),
    schedule: schedule(s, base.schedule, steps),
  };
}

function schedule(
  s: OptimizerSettings,
  base: TrainingConfig["schedule"],
  steps: number,
): TrainingConfig["schedule"] {
  // A floor follows the rate, and a warm-up a short run, unless they are given themselves.
  const rate = s.lr ?? base.rate;
  const floor = s.minLr ?? +((base.floor ?? 0) * (rate / base.rate)).toPrecision(3);
  const warmup = s.warmup ?? Math.min(base.warmup ?? 0, Math.floor(Math.max(steps, 0) / 10));
  if (floor > rate)
    throw new ConfigError(
      "floor",
      `${floor} is above rate ${rate}`,
      `try floor ${+(rate / 10).toPrecision(3)}`,
    );
  return { ...base, kind: s.schedule ?? base.kind, rate, floor, warmup };
}

function optimizer(
  s: OptimizerSettings,
  base: TrainingConfig["optimizer"],
): TrainingConfig["optimizer"] {
  const kind = s.optimizer ?? base.kind;
  const foreign = kind === "adamw" ? (["momentum"] as const) : (["beta1", "beta2"] as const);
  for (const name of foreign)
    if (s[name] !== undefined)
      throw new ConfigError(
        name,
        `is not a setting of ${kind}`,
        `try optimizer ${kind === "adamw" ? "sgd" : "adamw"}`,
      );
  if (kind === "sgd") {
    const old = base.kind === "sgd" ? base : { momentum: 0.9, nesterov: false, weightDecay: 0 };
    return {
      kind,
      momentum: s.momentum ?? old.momentum,
      nesterov: old.nesterov,
      weightDecay: s.weightDecay ?? old.weightDecay,
    };
  }
  const old =
    base.kind === "adamw" ? base : { betas: [0.9, 0.99] as const, epsilon: 1e-8, weightDecay: 0.1 };
  return {
    kind,
    betas: [s.beta1 ?? old.betas[0], s.beta2 ?? old.betas[1]],
    epsilon: old.epsilon,
    weightDecay: s.weightDecay ?? old.weightDecay,
  };
}

function check(s: OptimizerSettings): void {
  for (const name of ["beta1", "beta2", "momentum"] as const) {
    const value = s[name];
    if (value !== undefined && !(value >= 0 && value < 1))
      throw new ConfigError(name, `is ${value}`, "it lies in 0 … 1, without 1");
  }
  for (const [name, field] of [
    ["minLr", "floor"],
    ["warmup", "warmup"],
    ["weightDecay", "weightDecay"],
  ] as const) {
    const value = s[name];
    if (value !== undefined && !(value >= 0))
      throw new ConfigError(field, `is ${value}`, "it is 0 or more");
  }
  if (s.lr !== undefined && !(s.lr > 0))
    throw new ConfigError("rate", `is ${s.lr}`, "it must be above 0; 1e-3 suits small models");
}

function present<T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
