import { SPLIT } from "@muladd/corpus";
import type { ModelSettings, RecipeSettings } from "@muladd/gpt/train";
import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import { number, seedOption } from "../options.ts";

/** The flags of a model and of its training; absent when not given. */
export interface Settings extends ModelSettings, RecipeSettings {
  readonly preset: string;
  readonly tokenizer: string;
  readonly split: number;
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
      .default(SPLIT)
      .helpGroup(training),
  );

  const along = "Along the way:";
  amount(along, "--eval-every <n>", "steps between evaluations");
  amount(along, "--eval-batches <n>", "batches of an evaluation");
  amount(along, "--sample-every <n>", "steps between samples; 0 for none");
  amount(along, "--save-every <n>", "steps between checkpoints");
  return command;
}

/** Throws UsageError for a split that leaves nothing to train on, or to be judged by. */
export function checkSplit(split: number): void {
  if (!(split > 0 && split < 1))
    throw new UsageError(`--split ${split} is not possible`, {
      why: "it is the share to train on, between 0 and 1: some text must be held out",
      remedies: "--split 0.9",
    });
}
