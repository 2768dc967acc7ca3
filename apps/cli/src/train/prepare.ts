import { existsSync, readdirSync, statSync } from "node:fs";
import { type DataRecord, SPLIT } from "@muladd/corpus";
import type { GPT, GPTConfig, Plan, Preset } from "@muladd/gpt";
import type { Run, Split, Trainer, TrainingConfig } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { type Data, quote, readData, recallData, sameText } from "../data.ts";
import { CLIError, UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import { absolute, type IO } from "../io.ts";
import { openRun, runFolder } from "../model.ts";
import { makeTokenizer } from "../tokenizers.ts";
import { type Again, checkMemory, flagsOf } from "./memory.ts";
import { checkSplit, type Settings } from "./settings.ts";
import { openStart, START_RATE, type Start, type StartOptions } from "./start.ts";

/** All that training needs, checked, with nothing written yet. */
export interface Prepared {
  /** Of the folder, as messages call it. */
  readonly path: string;
  /** How the model is called: its preset, "custom", or the model that it began as. */
  readonly label: string;
  readonly data: Data;
  readonly split: Split;
  readonly tokenizer: Tokenizer;
  readonly config: GPTConfig;
  readonly training: TrainingConfig;
  readonly plan: Plan;
  /** The run to go on with; a new one is made by `begin`. */
  readonly run: Run | undefined;
  /** What a new run begins with, where that is not random. */
  readonly start: Start | undefined;
  readonly record: DataRecord;
}

/** The settings of a new run. */
export interface NewRun extends Settings, StartOptions {
  /** The model to begin with. */
  readonly from?: string;
}

/** Where a run called `name` goes when nobody says: the first free runs/NAME-1, runs/NAME-2, … */
export function freeFolder(io: IO, name: string): string {
  for (let n = 1; ; n++) {
    const path = `runs/${name}-${n}`;
    if (!existsSync(absolute(io, path))) return path;
  }
}

/** The run under runs/ whose config.json or newest file is the youngest. */
export function newestRun(io: IO): string {
  const root = absolute(io, "runs");
  const names = existsSync(root) ? readdirSync(root) : [];
  const runs = names.flatMap((name) => {
    const files = ["config.json", "metrics.jsonl"].map((file) => `${root}/${name}/${file}`);
    const times = files.filter((file) => existsSync(file)).map((file) => statSync(file).mtimeMs);
    return times.length > 0 ? [{ name, time: Math.max(...times) }] : [];
  });
  const newest = runs.sort((a, b) => b.time - a.time)[0];
  if (!newest)
    throw new UsageError("there is no run to resume under runs/", {
      remedies: `${io.program} train --resume DIR`,
    });
  return `runs/${newest.name}`;
}

/** Prepares a new run. Throws for settings that cannot be, text that is too short, and memory that there is not. */
export async function prepareNew(
  io: IO,
  data: Data,
  s: NewRun,
  path: string,
  backend: Backend,
  again: Again = flagsOf,
): Promise<Prepared> {
  const { preset, presetConfig, gptConfig } = await import("@muladd/gpt");
  const { modelSettings, trainingConfig, trainingSettings } = await import("@muladd/gpt/train");
  // The settings first: they are checked at once, and a tokenizer takes a while.
  const chosen = preset(s.preset);
  checkSplit(s.split);
  const lr = s.lr ?? (s.from === undefined ? undefined : START_RATE);
  const training = trainingConfig(trainingSettings({ ...s, lr }, chosen.training));
  if (s.from === undefined) gptConfig({ ...chosen.model, ...modelSettings(s), vocabulary: 1 });
  if (statSync(absolute(io, path), { throwIfNoEntry: false })?.isFile())
    throw new CLIError(`-o ${path} is a file, not a folder`, { remedies: "-o with another name" });
  if (await (await runFolder(io, path)).read("config.json"))
    throw new CLIError(`${path} holds a run already`, {
      remedies: [`${io.program} train --resume ${quote(path)}`, "-o with another folder"],
    });
  const start = s.from === undefined ? undefined : await openStart(io, s.from, s, s);
  const tokenizer = start?.tokenizer ?? (await makeTokenizer(s.tokenizer, data.text, s.split));
  const config =
    start?.config ?? presetConfig(chosen, { ...modelSettings(s), vocabulary: tokenizer.size });
  const record = {
    source: data.source,
    preset: s.preset,
    tokenizer: start?.tokenizerName ?? s.tokenizer,
    split: s.split,
    ...(s.from === undefined ? {} : { from: s.from }),
  };
  const label = start?.title ?? labelOf(chosen, s.preset, config);
  const given = { path, label, data, tokenizer, config, training, start, record };
  return complete({ ...given, run: undefined }, backend, again);
}

/**
 * Prepares a run to go on. `paths` are files given anew. `s` holds the flags that were given alone. Throws when its text
 * changed, or when a flag would change what a run keeps for life.
 */
export async function prepareResumed(
  io: IO,
  path: string,
  paths: readonly string[],
  s: Partial<Settings>,
  backend: Backend,
  again: Again = flagsOf,
): Promise<Prepared & { readonly run: Run; readonly changed: boolean }> {
  const { modelSettings, trainingConfig, trainingSettings } = await import("@muladd/gpt/train");
  const run = await openRun(io, path);
  const { model: config, data: old } = run.config;
  // What train wrote: a run keeps it without knowing its shape.
  const kept = old as unknown as DataRecord;
  keep(path, { ...config, ...kept } as never, { ...modelSettings(s), ...fixed(s) });
  const split = kept.split ?? SPLIT;
  const settings = { ...s, preset: kept.preset, tokenizer: kept.tokenizer, split } as Settings;
  const training = trainingConfig(trainingSettings(settings, run.config.training));
  const data =
    paths.length > 0 ? await readData(io, paths) : await recallData(io, kept.source, path);
  const changed = paths.length > 0 && !sameText(data.source, kept.source);
  const record = { ...kept, source: data.source, split };
  const { tokenizer } = run;
  const { presets } = await import("@muladd/gpt");
  const label = kept.from ?? labelOf(presets[kept.preset], kept.preset, config);
  const start = undefined;
  const given = { path, label, data, tokenizer, config, training, record, run, start };
  return { ...(await complete(given, backend, again)), run, changed };
}

/** A preset's name, where the model has its sizes. */
function labelOf(preset: Preset | undefined, name: string, config: GPTConfig): string {
  const sizes = ["layers", "heads", "width", "context"] as const;
  return sizes.every((size) => preset?.model[size] === config[size]) ? name : "custom";
}

/** Throws UsageError when a flag asks for another value than the run has. */
function keep(run: string, has: Record<string, unknown>, wants: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(wants))
    if (value !== undefined && value !== has[name])
      throw new UsageError(`${flag(name)} cannot change when a run is resumed`, {
        why: `${run} has ${name} ${has[name]}, and keeps it`,
        remedies: [`leave ${flag(name)} out`, "begin a new run"],
      });
}

const fixed = ({ preset, tokenizer, split }: Partial<Settings>) => ({ preset, tokenizer, split });

async function complete<T extends Omit<Prepared, "split" | "plan">>(
  given: T,
  backend: Backend,
  again: Again,
): Promise<T & Pick<Prepared, "split" | "plan">> {
  const { plan } = await import("@muladd/gpt");
  const { checkData, splitTokens } = await import("@muladd/gpt/train");
  const { tokenizer, data, config, training, record } = given;
  const planned = plan(config, { ...training, title: given.label });
  await checkMemory(planned, backend, again);
  const tokens = tokenizer.encode(data.text, { disallowedSpecial: [] });
  const split = splitTokens(tokens, record.split);
  checkLength(data.name, split, config.context);
  checkData(split, config.context, config.vocabulary);
  return { ...given, split, plan: planned };
}

/** Throws CLIError when a part of the text is shorter than a context and the token after it. */
function checkLength(name: string, { train, heldOut }: Split, context: number): void {
  const least = Math.min(train.length, heldOut.length);
  if (least > context) return;
  throw new CLIError(`${name} is too short for a context of ${context}`, {
    why: `it is cut into ${train.length} tokens to train on and ${heldOut.length} held out; each part needs ${context + 1}`,
    remedies: ["give more text", ...(least > 2 ? [`--context ${least - 1}`] : [])],
  });
}

/** The model of a prepared run, with the weights that it begins with, or new ones from the seed, and its trainer. */
export async function makeTrainer(
  { config, training, split, start }: Pick<Prepared, "config" | "training" | "split" | "start">,
  backend: Backend,
): Promise<{ model: GPT; trainer: Trainer }> {
  const { GPT, writeWeights } = await import("@muladd/gpt");
  const { Trainer } = await import("@muladd/gpt/train");
  const { blank, init } = await import("@muladd/nn");
  const model = new GPT(config, start ? blank(backend) : init(backend, training.seed));
  if (start) {
    writeWeights(model, start.weights, start.title);
    start.weights.clear();
  }
  return { model, trainer: new Trainer({ model, config: training, data: split }) };
}

/** Writes the beginning of a run, or the changed settings of one that goes on. */
export async function begin(io: IO, p: Prepared): Promise<Run> {
  const { Run, SaveError } = await import("@muladd/gpt/train");
  // An interface has no index signature, though each of its fields is JSON.
  const data = p.record as unknown as Record<string, unknown>;
  if (p.run) {
    p.run.config = { ...p.run.config, data };
    await p.run.configure(p.training);
    return p.run;
  }
  const config = { model: p.config, training: p.training, data };
  try {
    return await Run.create(await runFolder(io, p.path), config, p.tokenizer);
  } catch (error) {
    if (!(error instanceof SaveError)) throw error;
    const { code } = error.cause as { code?: string };
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new CLIError(error.message.split("; ")[0]!, {
      why: "nothing was trained yet",
      remedies: [...(full ? ["make room"] : []), "-o with a folder that can be written to"],
      cause: error,
    });
  }
}
