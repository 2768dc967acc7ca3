import type { GPTConfig, Preset } from "@muladd/gpt";
import type { TrainingConfig } from "@muladd/gpt/train";
import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import { number, seedOption } from "../options.ts";

/** The flags of a model and of its training; absent when not given. */
export interface Settings {
  readonly preset: string;
  readonly tokenizer: string;
  readonly split: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly width?: number;
  readonly context?: number;
  readonly positions?: "learned" | "sinusoidal";
  readonly activation?: "gelu" | "geluTanh";
  readonly bias?: boolean;
  readonly dropout?: number;
  readonly batch?: number;
  readonly accumulate?: number;
  readonly steps?: number;
  readonly lr?: number;
  readonly minLr?: number;
  readonly warmup?: number;
  readonly schedule?: TrainingConfig["schedule"]["kind"];
  readonly optimizer?: "adamw" | "sgd";
  readonly beta1?: number;
  readonly beta2?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly clip?: number;
  readonly seed?: number;
  readonly evalEvery?: number;
  readonly evalBatches?: number;
  readonly sampleEvery?: number;
  readonly saveEvery?: number;
}

/** Adds the flags of a model and of its training. */
export function addSettings(command: Command): Command {
  const option = (group: string, flags: string, about: string) =>
    command.addOption(new Option(flags, about).helpGroup(group));
  const amount = (group: string, flags: string, about: string) =>
    command.addOption(new Option(flags, about).argParser(number).helpGroup(group));
  const choice = (group: string, flags: string, about: string, choices: readonly string[]) =>
    command.addOption(new Option(flags, about).choices(choices).helpGroup(group));

  const model = "Model:";
  command.addOption(
    new Option("--preset <name>", "sizes and recipe: tiny small medium large gpu nanogpt-cpu …")
      .default("small")
      .helpGroup(model),
  );
  command.addOption(
    new Option("--tokenizer <kind>", "char, bytes, bpe or bpe:N").default("char").helpGroup(model),
  );
  amount(model, "--layers <n>", "blocks");
  amount(model, "--heads <n>", "attention heads of a block");
  amount(model, "--width <n>", "columns of the residual stream");
  amount(model, "--context <n>", "tokens that the model sees");
  choice(model, "--positions <kind>", "how it knows where a token stands", [
    "learned",
    "sinusoidal",
  ]);
  choice(model, "--activation <kind>", "in the MLP", ["gelu", "geluTanh"]);
  option(model, "--bias", "biases in linear layers and norms");
  option(model, "--no-bias", "none");
  amount(model, "--dropout <p>", "share of elements dropped while training");

  const training = "Training:";
  amount(training, "--steps <n>", "optimizer steps of the whole run");
  amount(training, "--batch <n>", "sequences of a forward pass");
  amount(training, "--accumulate <n>", "forward passes of a step");
  amount(training, "--lr <rate>", "highest learning rate");
  amount(training, "--min-lr <rate>", "learning rate at the end");
  amount(training, "--warmup <n>", "steps of rising rate");
  choice(training, "--schedule <kind>", "how the rate falls", [
    "cosine",
    "linear",
    "constant",
    "wsd",
  ]);
  choice(training, "--optimizer <kind>", "adamw or sgd", ["adamw", "sgd"]);
  amount(training, "--beta1 <x>", "of adamw");
  amount(training, "--beta2 <x>", "of adamw");
  amount(training, "--weight-decay <x>", "pull towards zero");
  amount(training, "--momentum <x>", "of sgd");
  amount(training, "--clip <norm>", "largest norm of the gradients; 0 for none");
  command.addOption(seedOption("decides every random number (default: 0)").helpGroup(training));
  command.addOption(
    new Option("--split <share>", "of the text to train on; the rest is held out")
      .argParser(number)
      .default(0.9)
      .helpGroup(training),
  );

  const along = "Along the way:";
  amount(along, "--eval-every <n>", "steps between evaluations");
  amount(along, "--eval-batches <n>", "batches of an evaluation");
  amount(along, "--sample-every <n>", "steps between samples; 0 for none");
  amount(along, "--save-every <n>", "steps between checkpoints");
  return command;
}

/** The model's settings that were given. */
export function modelSettings(s: Settings): Partial<GPTConfig> {
  const { layers, heads, width, context, positions, activation, bias, dropout } = s;
  return present({ layers, heads, width, context, positions, activation, bias, dropout });
}

/** The recipe that `base` and the given flags make; `trainingConfig` completes and checks it. */
export function trainingSettings(
  s: Settings,
  base: Preset["training"] & Partial<TrainingConfig>,
): Partial<TrainingConfig> {
  check(s);
  const steps = s.steps ?? base.steps;
  const { batch, accumulate, clip, seed, evalEvery, evalBatches, sampleEvery, saveEvery } = s;
  return {
    ...base,
    ...present({ batch, accumulate, clip, seed, evalEvery, evalBatches, sampleEvery, saveEvery }),
    steps,
    optimizer: optimizer(s, base.optimizer),
    schedule: schedule(s, base.schedule, steps),
  };
}

function schedule(
  s: Settings,
  base: TrainingConfig["schedule"],
  steps: number,
): TrainingConfig["schedule"] {
  // A floor follows the rate, and a warm-up a short run, unless they are given themselves.
  const rate = s.lr ?? base.rate;
  const floor = s.minLr ?? +((base.floor ?? 0) * (rate / base.rate)).toPrecision(3);
  const warmup = s.warmup ?? Math.min(base.warmup ?? 0, Math.floor(Math.max(steps, 0) / 10));
  if (floor > rate)
    throw new UsageError(`--min-lr ${floor} is above --lr ${rate}`, {
      remedies: `--min-lr ${+(rate / 10).toPrecision(3)}`,
    });
  return { ...base, kind: s.schedule ?? base.kind, rate, floor, warmup };
}

function optimizer(s: Settings, base: TrainingConfig["optimizer"]): TrainingConfig["optimizer"] {
  const kind = s.optimizer ?? base.kind;
  const foreign = kind === "adamw" ? (["momentum"] as const) : (["beta1", "beta2"] as const);
  for (const name of foreign)
    if (s[name] !== undefined)
      throw new UsageError(`${flag(name)} is not a setting of ${kind}`, {
        remedies: `--optimizer ${kind === "adamw" ? "sgd" : "adamw"}`,
      });
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

function check(s: Settings): void {
  const share = (name: "beta1" | "beta2" | "momentum", value = s[name]) => {
    if (value !== undefined && !(value >= 0 && value < 1))
      throw new UsageError(`${flag(name)} ${value} is not possible`, {
        why: "it lies in 0 … 1, without 1",
      });
  };
  share("beta1");
  share("beta2");
  share("momentum");
  for (const name of ["minLr", "warmup", "weightDecay"] as const) {
    const value = s[name];
    if (value !== undefined && value < 0)
      throw new UsageError(`${flag(name)} ${value} is not possible`, { why: "it is 0 or more" });
  }
  if (s.lr !== undefined && !(s.lr > 0))
    throw new UsageError(`--lr ${s.lr} is not possible`, {
      why: "it must be above 0; 1e-3 suits small models",
    });
  if (!(s.split > 0 && s.split < 1))
    throw new UsageError(`--split ${s.split} is not possible`, {
      why: "it is the share to train on, between 0 and 1: some text must be held out",
      remedies: "--split 0.9",
    });
}

function present<T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
