import { accumulate, type Gradients, valueAndGrad } from "@muladd/autograd";
import type { TensorFile } from "@muladd/checkpoint";
import { namedParameters } from "@muladd/nn";
import { AdamW, clipScale, globalNorm, type Optimizer, SGD, schedule } from "@muladd/optim";
import {
  add,
  type Backend,
  concat,
  dispose,
  FormatError,
  type HostTensor,
  meanAll,
  mul,
  type Parameter,
  Rng,
  reshape,
  show,
  type Tensor,
  tidy,
} from "@muladd/tensor";
import { dropoutsOf } from "../config.ts";
import type { GPT } from "../model.ts";
import { readWeights, writeWeights } from "../weights.ts";
import { BatchMemoryError, withRoom } from "./batch-memory.ts";
import { type Batch, checkData, drawBatch, type Split } from "./batches.ts";
import { type TrainingConfig, trainingConfig } from "./config.ts";
import { DivergedError, findOrigin } from "./divergence.ts";

/** What one optimizer step did. */
export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  /** Mean over the step's tokens, before the update, in nats. */
  readonly loss: number;
  /** Global norm of the gradients before clipping. */
  readonly gradNorm: number;
  readonly rate: number;
  /** Tokens trained on in this step. */
  readonly tokens: number;
}

export interface TrainerOptions {
  readonly model: GPT;
  readonly config: TrainingConfig;
  readonly data: Split;
}

/**
 * Trains a model, one step a call. Everything random is a function of (seed, step), so the state is the parameters,
 * the optimizer's moments and the number of steps: training 2N steps equals N, save, load, N, bit for bit.
 */
export class Trainer implements Disposable {
  readonly model: GPT;
  readonly data: Split;
  readonly backend: Backend;
  readonly #parameters: readonly Parameter[];
  readonly #names: ReadonlyMap<Parameter, string>;
  readonly #optimizer: Optimizer;
  #config: TrainingConfig;
  #rate: (step: number) => number;

  /** Throws ConfigError when the text is shorter than the context. */
  constructor({ model, config, data }: TrainerOptions) {
    checkData(data, model.config.context, model.config.vocabulary);
    this.model = model;
    this.#config = config;
    this.data = data;
    this.backend = model.tokens.weight.backend;
    const named = [...namedParameters(model)];
    this.#parameters = named.map(([, p]) => p);
    this.#names = new Map(named.map(([name, p]) => [p, name]));
    this.#optimizer =
      config.optimizer.kind === "adamw"
        ? new AdamW(this.#parameters, config.optimizer)
        : new SGD(this.#parameters, config.optimizer);
    this.#rate = schedule({ ...config.schedule, steps: config.steps });
  }

  /** As it was given, but for what {@link adjust} changed. */
  get config(): TrainingConfig {
    return this.#config;
  }

  /**
   * Another highest rate (its floor in the same proportion) or clip from the next step on: the run is no longer decided by
   * what it began with. Throws {@link ConfigError} for what cannot be; nothing is changed then.
   */
  adjust(changes: { readonly rate?: number; readonly clip?: number }): void {
    const { schedule: old, clip: oldClip, steps } = this.#config;
    const { rate = old.rate, clip = oldClip } = changes;
    const floor = (old.floor ?? 0) * (rate / old.rate);
    const config = trainingConfig({
      ...this.#config,
      clip,
      schedule: { ...old, rate, floor },
    });
    this.#rate = schedule({ ...config.schedule, steps });
    this.#config = config;
  }

  /** Steps done. */
  get step(): number {
    return this.#optimizer.steps;
  }

  /** Tokens of one step. */
  get tokensPerStep(): number {
    const { batch, accumulate } = this.config;
    return batch * accumulate * this.model.config.context;
  }

  /**
   * One optimizer step. Throws {@link DivergedError}, naming the step and the first op, when the loss or the gradient
   * is not finite, and {@link BatchMemoryError} when the batch does not fit; the parameters are then as before.
   */
  async advance(): Promise<StepReport> {
    return (await this.advanceBy(1))[0]!;
  }

  /**
   * Up to `count` steps, 1 at least, whose losses are read together at the end, so that a device need not wait for the
   * host between them. Ends early before a step that fails; when that is the first, throws as {@link advance} does.
   */
  async advanceBy(count: number): Promise<readonly StepReport[]> {
    const first = this.step;
    const read: Tensor[] = [];
    let sound: Tensor | undefined; // 0, and NaN from a step on that failed: it lets no later one move
    try {
      for (let i = 0; i < count; i++) {
        const done = this.#update(sound, read.length > 0);
        if (!done) break;
        read.push(done.loss, done.norm);
        sound?.[Symbol.dispose]();
        sound = done.sound;
      }
      using all = tidy(() => concat(read, 0));
      return await this.#reports(first, await all.data());
    } finally {
      dispose([read, sound]);
    }
  }

  /** One step, not read yet. `undefined` when memory does not suffice and that `mayEnd` the series. */
  #update(
    sound: Tensor | undefined,
    mayEnd: boolean,
  ): { readonly loss: Tensor; readonly norm: Tensor; readonly sound: Tensor } | undefined {
    const { step } = this;
    const update = () => {
      const { loss, grads } = this.#gradients(step);
      const norm = globalNorm(grads);
      // NaN, which moves nothing, when the loss is not finite though its gradient is.
      const finite = add(clipScale(norm, this.config.clip || Infinity), mul(loss, 0));
      const scale = sound ? add(finite, sound) : finite;
      this.#optimizer.step(grads, this.#rate(step), scale);
      return { loss: reshape(loss, [1]), norm: reshape(norm, [1]), sound: mul(scale, 0) };
    };
    try {
      return this.#withRoom(() => tidy(update));
    } catch (error) {
      if (mayEnd && error instanceof BatchMemoryError) return undefined;
      throw error;
    }
  }

  /** What steps from `first` on did, from pairs of loss and norm. The first that failed is taken back, with those after it. */
  async #reports(first: number, numbers: ArrayLike<number>): Promise<readonly StepReport[]> {
    const reports: StepReport[] = [];
    for (let i = 0; i < numbers.length; i += 2) {
      const step = first + reports.length;
      const [loss, gradNorm] = [numbers[i]!, numbers[i + 1]!];
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        // A NaN factor moved nothing, so the pass can be repeated as it was.
        this.#optimizer.steps = step;
        if (reports.length > 0) return reports;
        const origin = await findOrigin(this.model, () => tidy(() => void this.#gradients(step)));
        throw new DivergedError(step + 1, loss, gradNorm, origin);
      }
      const tokens = this.tokensPerStep;
      reports.push({ step: step + 1, loss, gradNorm, rate: this.#rate(step), tokens });
    }
    return reports;
  }

  /** Loss and gradients of step `step`, averaged over its forward passes. */
  #gradients(step: number): { loss: Tensor; grads: Gradients } {
    const { accumulate: passes, seed } = this.config;
    const drops = Object.values(dropoutsOf(this.model.config)).some((rate) => rate > 0);
    const grads: Gradients = new Map();
    const losses: Tensor[] = [];
    for (let pass = 0; pass < passes; pass++) {
      const index = step * passes + pass;
      using batch = this.#draw("train", "data", index);
      const rng = drops ? Rng.at(seed, "dropout", index) : undefined;
      const result = valueAndGrad(() => this.#loss(batch, rng), this.#parameters);
      losses.push(reshape(result.value, [1]));
      accumulate(grads, result.grads, 1 / passes);
    }
    const loss = losses.length === 1 ? losses[0]! : meanOf(losses);
    return { loss, grads };
  }

  #loss({ ids, targets }: Batch, rng?: Rng): Tensor {
    return this.model.loss(ids, targets, { rng });
  }

  #withRoom<T>(pass: () => T): T {
    return withRoom(this.backend, this.model.config, this.config.batch, pass);
  }

  #draw(part: keyof Split, stream: string, index: number): Batch {
    const { batch, seed } = this.config;
    const { context } = this.model.config;
    return drawBatch(this.backend, this.data[part], { batch, context }, { seed, stream, index });
  }

  /**
   * Mean loss in nats over `batches` batches of one part: the same batches at every call. Throws {@link DivergedError}
   * when it is not finite, and {@link BatchMemoryError} when a batch does not fit.
   */
  async evaluate(part: keyof Split, batches = this.config.evalBatches): Promise<number> {
    let total = 0;
    for (let i = 0; i < batches; i++) {
      using batch = this.#withRoom(() => this.#draw(part, `evaluate ${part}`, i));
      const pass = () => this.#withRoom(() => tidy(() => this.#loss(batch)));
      using loss = pass();
      const value = await loss.item();
      if (!Number.isFinite(value)) {
        const origin = await findOrigin(this.model, () => pass()[Symbol.dispose]());
        throw new DivergedError(this.step, value, undefined, origin);
      }
      total += value;
    }
    return total / batches;
  }

  /**
   * Everything a checkpoint holds: parameters as "model.…", optimizer cells as "optimizer.m.…", the step as metadata.
   * Throws {@link DivergedError} when a number is not finite: nobody could go on from it.
   */
  async save(): Promise<TensorFile> {
    const tensors = new Map<string, HostTensor>();
    for (const [name, t] of await readWeights(this.model)) tensors.set(`model.${name}`, t);
    for (const [p, kind, cell] of this.#optimizer.state()) {
      const data = Float32Array.from(await cell.data());
      tensors.set(`optimizer.${kind}.${this.#names.get(p)}`, { shape: p.shape, data });
    }
    for (const [name, { data }] of tensors)
      if (!(data as Float32Array).every(Number.isFinite)) {
        const module = name.replace(/^model\./, "");
        const origin = { op: "parameter", module, pass: "parameters" } as const;
        throw new DivergedError(this.step, undefined, undefined, origin);
      }
    return { tensors, metadata: { step: String(this.step) } };
  }

  /** Goes on from a checkpoint. Throws {@link FormatError} when it does not fit; nothing is changed then. */
  load({ tensors, metadata }: TensorFile, source = "checkpoint"): void {
    const step = Number(metadata.step);
    if (!Number.isSafeInteger(step) || step < 0)
      throw new FormatError(`${source}: has no step; it is not a training checkpoint`);
    const cells = [...this.#optimizer.state()].map(([p, kind, cell]) => {
      const name = `optimizer.${kind}.${this.#names.get(p)}`;
      const t = tensors.get(name);
      if (!t || show(t.shape) !== show(cell.shape))
        throw new FormatError(
          `${source}: ${name} ${show(cell.shape)} is ${t ? `${show(t.shape)}; was it made with a model of another size?` : "missing; was it made with another optimizer?"}`,
        );
      return { cell, data: t.data };
    });
    writeWeights(this.model, modelTensors(tensors), source);
    for (const { cell, data } of cells) cell.write(data);
    this.#optimizer.steps = step;
  }

  /** Frees the optimizer's cells; the model stays. */
  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
  }
}

/** The parameters in a checkpoint, by their names in the model. */
export function modelTensors(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const [name, t] of tensors)
    if (name.startsWith("model.")) found.set(name.slice("model.".length), t);
  return found;
}

const meanOf = (losses: readonly Tensor[]): Tensor => tidy(() => meanAll(concat(losses, 0)));
