import type { TensorFile } from "@muladd/checkpoint";
import { type DataRecord, SPLIT } from "@muladd/corpus/record";
import {
  countParameters,
  GPT,
  type GPTConfig,
  preset,
  presetConfig,
  readWeights,
  writeWeights,
} from "@muladd/gpt";
import {
  type Run,
  type Split,
  splitTokens,
  Trainer,
  type TrainingConfig,
  trainingConfig,
  trainingSettings,
} from "@muladd/gpt/train";
import { blank, init, parametersOf } from "@muladd/nn";
import { type Backend, dispose } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { makeTokenizer, readData } from "./data.ts";
import { isDeviceLost } from "./failures.ts";
import { Lock } from "./lock.ts";
import { Moments, type Weights } from "./moments.ts";
import type { RunSettings } from "./protocol.ts";

/** What a run is made of, before anything of it is on a device. */
export interface Recipe {
  readonly settings: RunSettings;
  readonly record: DataRecord;
  readonly tokenizer: Tokenizer;
  readonly split: Split;
  readonly model: GPTConfig;
  readonly training: TrainingConfig;
}

/** Reads the text, learns the tokenizer, completes and checks the settings. Throws ConfigError and RangeError. */
export async function recipeOf(settings: RunSettings): Promise<Recipe> {
  const chosen = preset(settings.preset);
  // As the command makes it of the same flags.
  const base = { ...chosen.training, ...settings.training };
  const training = trainingConfig(trainingSettings(settings.flags ?? {}, base));
  const { source, tokenizer, split } = await tokensOf(settings);
  const model = presetConfig(chosen, { ...settings.model, vocabulary: tokenizer.size });
  const record = { source, preset: settings.preset, tokenizer: settings.tokenizer, split: SPLIT };
  return { settings, record, tokenizer, split, model, training };
}

/** What outlives a model on a device: its run's folder, and its clock. */
export interface Kept {
  /** Where checkpoints go; nothing is kept without. */
  readonly run?: Run | undefined;
  /** Ends this page's hold on the run. */
  readonly release?: (() => void) | undefined;
  readonly moments?: Moments;
}

type Tokens = Pick<Recipe, "tokenizer" | "split"> & { readonly source: DataRecord["source"] };
let lastTokens: { readonly key: string; readonly tokens: Tokens } | undefined;

/** Of the last text they stay: settings change more often than it. */
async function tokensOf({ data, tokenizer: spec }: RunSettings): Promise<Tokens> {
  const key = JSON.stringify([data, spec]);
  if (lastTokens?.key === key) return lastTokens.tokens;
  const { text, source } = await readData(data);
  const tokenizer = await makeTokenizer(spec, text);
  const split = splitTokens(tokenizer.encode(text, { disallowedSpecial: [] }), SPLIT);
  const tokens = { source, tokenizer, split };
  lastTokens = { key, tokens };
  return tokens;
}

/** Bytes of a state that is kept to go back to. */
const MOST_BYTES = 2 ** 26;

/** A model on a device with all that trains it. */
export class Session implements Disposable {
  readonly moments: Moments;
  readonly model: GPT;
  readonly trainer: Trainer;
  readonly run: Run | undefined;
  #sound: TensorFile | undefined;
  // Holds the weights of a moment, while somebody looks at one.
  #lens: { readonly model: GPT; weights?: Weights } | undefined;

  constructor(
    readonly id: string,
    readonly backend: Backend,
    readonly recipe: Recipe,
    readonly kept: Kept = {},
    readonly lock = new Lock(),
  ) {
    const { model, training, split } = recipe;
    this.moments = kept.moments ?? new Moments(model);
    this.run = kept.run;
    this.model = new GPT(model, init(backend, training.seed));
    this.trainer = new Trainer({ model: this.model, config: training, data: split });
  }

  /** The last step whose state was kept to go back to. */
  get soundStep(): number | undefined {
    return this.#sound && Number(this.#sound.metadata.step);
  }

  /** Keeps the state as it is, where it is not too large. Throws DivergedError for numbers that are not finite. */
  async keepSound(): Promise<void> {
    const { total } = countParameters(this.recipe.model);
    if (12 * total <= MOST_BYTES) this.#sound = await this.trainer.save(); // weights and two moments
  }

  /** To the last state that was kept. Throws where there is none. */
  goBack(): void {
    if (!this.#sound) throw new Error("no earlier state was kept; train anew with a lower rate");
    this.trainer.load(this.#sound);
  }

  /** The weights as they were at a moment that is kept, or as they are. Throws RangeError where there are none. */
  async weightsAt(step?: number): Promise<Weights> {
    if (step === undefined || step === this.trainer.step) return readWeights(this.model);
    const weights = await this.moments.at(step);
    if (!weights)
      throw new RangeError(`step ${step} is not among the moments that are kept; choose another`);
    return weights;
  }

  /** The model as it was at a moment that is kept, or as it is: what questions are asked of. Throws as {@link weightsAt}. */
  async modelAt(step: number | undefined): Promise<GPT> {
    if (step === undefined || step === this.trainer.step) return this.model;
    const weights = await this.weightsAt(step);
    this.#lens ??= { model: new GPT(this.recipe.model, blank(this.backend)) };
    // By identity: after going back, the same step has other weights.
    if (this.#lens.weights !== weights) writeWeights(this.#lens.model, weights, `step ${step}`);
    this.#lens.weights = weights;
    return this.#lens.model;
  }

  [Symbol.dispose](): void {
    this.trainer[Symbol.dispose]();
    dispose(parametersOf(this.model));
    if (this.#lens) dispose(parametersOf(this.#lens.model));
    this.#lens = undefined;
  }
}

/** What a run goes on from: its state as it is, or where the device is lost, its newest checkpoint, if it has one. */
export async function stateOf({ trainer, run }: Session): Promise<TensorFile | undefined> {
  try {
    return await trainer.save();
  } catch (error) {
    if (!isDeviceLost(error)) throw error;
    return (await run?.load("newest"))?.file;
  }
}
