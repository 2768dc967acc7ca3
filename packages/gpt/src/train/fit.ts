import { parametersOf } from "@muladd/nn";
import { size } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { generate } from "../generate.ts";
import type { GPT } from "../model.ts";
import type { Run } from "./run.ts";
import type { Trainer } from "./trainer.ts";

/** What {@link fit} tells while it trains. Losses in nats, times in seconds. */
export type TrainEvent =
  | {
      readonly type: "step";
      readonly step: number;
      readonly steps: number;
      /** Average of the last steps, weighed towards the newest, and corrected for its start. */
      readonly loss: number;
      /** Of this step alone. */
      readonly rawLoss: number;
      readonly rate: number;
      readonly gradNorm: number;
      /** Trained tokens a second over the last 20 steps, evaluations and samples not counted. */
      readonly tokPerSec: number;
      /** Left until the last step; absent during the first 10. */
      readonly etaSec?: number | undefined;
    }
  | {
      readonly type: "eval";
      readonly step: number;
      readonly heldOut: number;
      readonly best: boolean;
    }
  | { readonly type: "sample"; readonly step: number; readonly text: string }
  | { readonly type: "saved"; readonly step: number; readonly bytes: number }
  | ({ readonly type: "done" | "stopped" } & Summary);

/** How a run ended: what summary.json holds. */
export interface Summary {
  readonly step: number;
  readonly steps: number;
  readonly parameters: number;
  readonly backend: string;
  /** Average of the last steps' losses, as in the step events. */
  readonly loss: number | undefined;
  readonly heldOut: number | undefined;
  readonly best: { readonly step: number; readonly heldOut: number } | undefined;
  /** Spent in training steps, over all sittings of the run. */
  readonly seconds: number;
  /** Trained tokens over those seconds. */
  readonly tokPerSec: number;
  readonly peakBytes: number;
}

export interface SampleOptions {
  readonly prompt: string;
  /** Tokens to write. Default 100. */
  readonly tokens?: number;
  /** Default 0.8. */
  readonly temperature?: number;
}

export interface FitOptions {
  readonly trainer: Trainer;
  readonly tokenizer: Tokenizer;
  /** Where checkpoints and metrics go; nothing is written without. */
  readonly run?: Run | undefined;
  readonly sample: SampleOptions;
  /** Ends the run after the steps under way, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** What the audience asks for now: answered after the steps under way. */
  readonly requests?: Set<"sample" | "evaluate"> | undefined;
  /** Steps between lines in metrics.jsonl. Default 10. */
  readonly logEvery?: number;
  /** Checkpoints to keep beside the best. Default 2. */
  readonly keep?: number;
  /**
   * Seconds that steps may take together before their losses are read and told: less keeps a device waiting, more the
   * audience. Default 0.05; 0 reads after every step.
   */
  readonly together?: number;
  /** The next step after `step` that must be told before another is begun, so that its weights can be looked at. */
  readonly halt?: (step: number) => number;
}

/**
 * Trains until the configured steps are done, telling each step, evaluation, sample and checkpoint. Begins where the
 * trainer stands: a run goes on after `trainer.load`, and its metrics of later steps are forgotten. What a step or a
 * save throws (DivergedError, SaveError) passes through; the last checkpoint then stays as it was.
 */
export async function* fit(options: FitOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { trainer, tokenizer, run, signal, requests } = options;
  const { logEvery = 10, keep = 2, together = 0.05, halt = () => Infinity } = options;
  const { steps, evalEvery, saveEvery, sampleEvery, seed } = trainer.config;
  const { model, backend } = trainer;
  const clock = new Clock(trainer.tokensPerStep);
  const average = new Average(0.95);
  // What was recorded after the checkpoint will be recorded again; before the first step, all of it.
  run?.rewind(trainer.step > 0 ? trainer.step : -1);
  const latest = (name: string) =>
    run?.metrics.findLast((m) => typeof m[name] === "number")?.[name] as number | undefined;
  clock.total = latest("seconds") ?? 0;
  let best = run?.best();
  let heldOut = latest("heldOut");
  const lastLoss = latest("loss");
  let saved = trainer.step;

  async function* evaluate(): AsyncGenerator<TrainEvent> {
    const { step } = trainer;
    heldOut = await trainer.evaluate("heldOut");
    const isBest = !(best && best.heldOut <= heldOut);
    if (isBest) best = { step, heldOut };
    run?.record({ step, heldOut, seconds: clock.total });
    await run?.flush();
    yield { type: "eval", step, heldOut, best: isBest };
  }
  async function* sample(): AsyncGenerator<TrainEvent> {
    const { step } = trainer;
    const text = await write(model, tokenizer, options.sample, seed + step);
    run?.record({ step, sample: text });
    yield { type: "sample", step, text };
  }
  async function* save(): AsyncGenerator<TrainEvent> {
    if (!run) return;
    const written = await run.save(await trainer.save());
    await run.flush();
    await run.prune(keep, written.step);
    saved = written.step;
    yield { type: "saved", ...written };
  }
  const summary = (): Summary => ({
    step: trainer.step,
    steps,
    parameters: parametersOf(model).reduce((n, p) => n + size(p.shape), 0),
    backend: backend.name,
    loss: average.value ?? lastLoss,
    heldOut,
    best,
    seconds: clock.total,
    tokPerSec: clock.total > 0 ? (trainer.step * trainer.tokensPerStep) / clock.total : 0,
    peakBytes: backend.memory.peakBytes,
  });

  if (trainer.step === 0) {
    yield* evaluate();
    if (sampleEvery > 0) yield* sample();
  }
  /** Steps until one after which there is something to do, and no more than take a moment. */
  const series = () => {
    const step = trainer.step;
    const stops = [evalEvery, saveEvery, sampleEvery].filter((every) => every > 0);
    const ends = [steps, halt(step), ...stops.map((every) => step - (step % every) + every)];
    const free = Math.min(...ends) - step;
    return Math.max(1, Math.min(free, clock.stepsIn(together)));
  };
  while (trainer.step < steps && !signal?.aborted) {
    clock.start();
    const reports = await trainer.advanceBy(series());
    clock.stop(reports.length);
    for (const { step, loss: rawLoss, rate, gradNorm } of reports) {
      const loss = average.add(rawLoss);
      const speed = { tokPerSec: clock.tokensPerSecond, etaSec: clock.left(steps - step) };
      yield { type: "step", step, steps, loss, rawLoss, rate, gradNorm, ...speed };
      if (step % logEvery === 0 || step === steps)
        run?.record({ step, loss: rawLoss, rate, gradNorm, seconds: clock.total });
    }
    const { step } = trainer;
    const asked = { evaluate: requests?.delete("evaluate"), sample: requests?.delete("sample") };
    if (step % evalEvery === 0 || step === steps || asked.evaluate) yield* evaluate();
    if ((sampleEvery > 0 && step % sampleEvery === 0) || asked.sample) yield* sample();
    if (step % saveEvery === 0 || step === steps) yield* save();
  }
  if (saved < trainer.step) yield* save();
  const end = summary();
  await run?.summarize(end);
  yield { type: trainer.step < steps ? "stopped" : "done", ...end };
}

/** Continues the prompt with what the model has learned so far. The prompt is part of the text. */
async function write(
  model: GPT,
  tokenizer: Tokenizer,
  { prompt, tokens = 100, temperature = 0.8 }: SampleOptions,
  seed: number,
): Promise<string> {
  const ids = Array.from(tokenizer.encode(prompt));
  const options = { maxTokens: tokens, temperature, seed: seed % 2 ** 32 };
  for await (const { id } of generate(model, ids, options)) ids.push(id);
  return tokenizer.decode(ids);
}

/** Exponential average, divided by the weight it has gathered, so that it is right from the first value on. */
class Average {
  #sum = 0;
  #weight = 0;
  constructor(readonly decay: number) {}
  add(x: number): number {
    this.#sum = this.decay * this.#sum + (1 - this.decay) * x;
    this.#weight = this.decay * this.#weight + (1 - this.decay);
    return this.#sum / this.#weight;
  }
  get value(): number | undefined {
    return this.#weight > 0 ? this.#sum / this.#weight : undefined;
  }
}

/** Time spent in steps: of the last 20 for the speed, of all for the summary. */
class Clock {
  total = 0;
  readonly #recent: number[] = [];
  #count = 0;
  #started = 0;
  constructor(readonly tokens: number) {}
  start(): void {
    this.#started = performance.now();
  }
  /** Ends `steps` steps that were timed together. */
  stop(steps: number): void {
    const seconds = (performance.now() - this.#started) / 1000;
    this.total += seconds;
    this.#count += steps;
    for (let i = 0; i < steps; i++) this.#recent.push(seconds / steps);
    while (this.#recent.length > 20) this.#recent.shift();
  }
  /** Whole steps that fit into `seconds`; 0 before the first. */
  stepsIn(seconds: number): number {
    return this.#count > 0 ? Math.floor(seconds / this.#step) : 0;
  }
  get #step(): number {
    return this.#recent.reduce((a, b) => a + b, 0) / this.#recent.length;
  }
  get tokensPerSecond(): number {
    return this.tokens / this.#step;
  }
  left(steps: number): number | undefined {
    return this.#count > 10 ? steps * this.#step : undefined;
  }
}
