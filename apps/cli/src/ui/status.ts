import type { TrainEvent } from "@muladd/gpt/train";

/** What a view is told: what training tells, and the exact score of a toy task. */
export type ViewEvent =
  | TrainEvent
  | { readonly type: "score"; readonly step: number; readonly right: number; readonly of: number };

const HISTORY = 512;
const SMOOTHING = 0.1;

/** How a run stands, gathered from its events. Times in seconds. */
export class Status {
  step: number;
  loss: number | undefined;
  rate: number | undefined;
  gradNorm: number | undefined;
  tokPerSec: number | undefined;
  /** Until the end, evaluations and samples counted. */
  etaSec: number | undefined;
  heldOut: { readonly loss: number; readonly step: number; readonly best: boolean } | undefined;
  sample: string | undefined;
  score: { readonly right: number; readonly of: number } | undefined;
  /** Losses, halved in number whenever there are too many. */
  history: number[] = [];
  paused = false;
  readonly #started: number;
  #pausedAt = 0;
  #pauses = 0;
  #every = 1;
  #last: number;
  #end: number | undefined;
  readonly #costs = { eval: 0, sample: 0 };

  constructor(
    readonly plan: {
      readonly steps: number;
      readonly evalEvery: number;
      readonly sampleEvery: number;
    },
    step: number,
    /** Seconds, from anywhere. */
    readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.step = step;
    this.#started = now();
    this.#last = this.#started;
  }

  /** Since the sitting began, pauses left out. */
  get elapsedSec(): number {
    const now = this.paused ? this.#pausedAt : this.now();
    return now - this.#started - this.#pauses;
  }

  get steps(): number {
    return this.plan.steps;
  }

  pause(): void {
    this.paused = true;
    this.#pausedAt = this.now();
  }

  resume(): void {
    this.paused = false;
    this.#pauses += this.now() - this.#pausedAt;
    this.#end = undefined;
    this.#last = this.now();
  }

  update(event: ViewEvent): void {
    const now = this.now();
    const took = now - this.#last;
    this.#last = now;
    switch (event.type) {
      case "step":
        this.step = event.step;
        this.loss = event.loss;
        this.rate = event.rate;
        this.gradNorm = event.gradNorm;
        this.tokPerSec = event.tokPerSec;
        this.#remember(event.loss);
        this.#expect(now, event.etaSec);
        return;
      case "eval":
        this.#costs.eval = took;
        this.heldOut = { loss: event.heldOut, step: event.step, best: event.best };
        return;
      case "sample":
        this.#costs.sample = took;
        this.sample = event.text;
        return;
      case "score":
        this.score = event;
        return;
    }
  }

  #remember(loss: number): void {
    if (this.step % this.#every === 0) this.history.push(loss);
    if (this.history.length < HISTORY) return;
    this.history = this.history.filter((_, i) => i % 2 === 1);
    this.#every *= 2;
  }

  /** The end is a moment, smoothed, so that the time left counts down and does not jump. */
  #expect(now: number, etaSec: number | undefined): void {
    if (etaSec === undefined) return;
    const { steps, evalEvery, sampleEvery } = this.plan;
    const times = (every: number) =>
      every > 0 ? Math.floor(steps / every) - Math.floor(this.step / every) : 0;
    const end =
      now + etaSec + times(evalEvery) * this.#costs.eval + times(sampleEvery) * this.#costs.sample;
    this.#end = this.#end === undefined ? end : this.#end + SMOOTHING * (end - this.#end);
    this.etaSec = Math.max(this.#end - now, 0);
  }
}
