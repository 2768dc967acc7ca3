import { generate } from "@muladd/gpt";
import { type TrainEvent, fit as train } from "@muladd/gpt/train";
import { failureOf } from "./failures.ts";
import { nextMoment } from "./moments.ts";
import type { EngineEvent, Phase, Status } from "./protocol.ts";
import type { Session } from "./session.ts";
import { promptFor } from "./train-service.ts";
import { turn } from "./turn.ts";

/** Between messages to the page, in ms. */
const TELL_EVERY = 50;
/** Seconds that steps may take together; where a page is drawn by the same thread, no longer than a frame. */
const TOGETHER = "document" in globalThis ? 0.016 : 0.05;
/** Checkpoints to keep beside the best. */
const KEEP = 2;
/** Steps after which the first are over. */
const SETTLED = 10;
/** After a pause of so many ms the run is saved: somebody who presses "one step" again and again need not wait. */
const SAVE_AFTER = 300;

/** Runs the trainer of a session: on, off, or one step; tells what it tells. */
export class Training {
  readonly #session: Session;
  readonly #tell: (event: EngineEvent) => void;
  readonly #describe: () => Pick<Status, "backend">;
  readonly #onFailure: (error: unknown) => void;
  readonly #stop = new AbortController();
  readonly #events: AsyncGenerator<TrainEvent, void, undefined>;
  // What samples go on with; read when one is made.
  readonly #sample = { prompt: "\n", tokens: 100 };
  readonly requests = new Set<"sample" | "evaluate">();
  #phase: Phase = "paused";
  #failure: Status["failure"];
  /** Steps that may still be made; Infinity while it runs. */
  #allowed = 0;
  #running: Promise<void> | undefined;
  #told: TrainEvent[] = [];
  /** The last step that the trainer told of: steps that are made together are told one after the other. */
  #toldStep: number;
  #lastTold = 0;
  #saved: number | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #begun = false;
  #steps = 0;
  #settle = () => {};
  /** Resolves when the first steps of this sitting are done. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(
    session: Session,
    tell: (event: EngineEvent) => void,
    describe: () => Pick<Status, "backend">,
    onFailure: (error: unknown) => void = () => {},
  ) {
    this.#session = session;
    this.#tell = tell;
    this.#describe = describe;
    this.#onFailure = onFailure;
    const { trainer, recipe, run, moments } = session;
    if (moments.rewind(trainer.step)) this.#tellMoments();
    if (trainer.step === trainer.config.steps) this.#phase = "done";
    this.#saved = trainer.step > 0 ? trainer.step : undefined;
    this.#toldStep = trainer.step;
    this.prompt = promptFor(recipe.tokenizer, "\n");
    this.#events = train({
      trainer,
      tokenizer: recipe.tokenizer,
      run,
      sample: this.#sample,
      signal: this.#stop.signal,
      requests: this.requests,
      together: TOGETHER,
      keep: KEEP,
      halt: (step) => (this.#allowed === Infinity ? nextMoment(step) : step + 1),
    });
  }

  get prompt(): string {
    return this.#sample.prompt;
  }

  set prompt(text: string) {
    this.#sample.prompt = text;
  }

  get status(): Status {
    const { trainer, id } = this.#session;
    return {
      ...this.#describe(),
      phase: this.#phase,
      runId: id,
      step: trainer.step,
      steps: trainer.config.steps,
      rate: trainer.config.schedule.rate,
      vocabulary: this.#session.recipe.model.vocabulary,
      ...(this.#failure ? { failure: this.#failure } : {}),
    };
  }

  /** Goes on until {@link pause}, or the end. */
  go(): void {
    this.#allow(Infinity);
  }

  step(): void {
    this.#allow(this.#untold + 1);
  }

  pause(): void {
    this.#allowed = 0;
  }

  /** Steps that were made and not yet told. */
  get #untold(): number {
    return this.#session.trainer.step - this.#toldStep;
  }

  /** Ends the sitting after the steps under way, with a checkpoint where there is a run to keep it. */
  async stop(): Promise<void> {
    clearTimeout(this.#saving);
    this.#stop.abort();
    if (this.#begun) this.#allow(Infinity);
    await this.#running;
  }

  /** Saves the run as it is, between two steps; nothing where it was saved at this step, or there is none. */
  save(): Promise<void> {
    const { lock, run, trainer } = this.#session;
    return lock.run(async () => {
      if (!run || trainer.step === 0 || trainer.step === this.#saved) return;
      const written = await run.save(await trainer.save());
      await run.flush();
      await run.prune(KEEP, written.step);
      await this.#hear({ type: "saved", ...written });
      this.#flush();
    });
  }

  #allow(steps: number): void {
    if (this.#phase === "done" || this.#phase === "failed") return;
    clearTimeout(this.#saving);
    this.#begun = true;
    this.#allowed = steps;
    this.#phase = "training";
    this.#announce();
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
  }

  async #loop(): Promise<void> {
    const { lock } = this.#session;
    try {
      const { moments } = this.#session;
      if (moments.steps.length === 0) await lock.run(() => this.#keepMoment());
      moments.adopt();
      // Steps that were made are told before a pause: the next one would seem to do nothing.
      while (this.#allowed > 0 || this.#untold > 0) {
        const { value: event, done } = await lock.run(() => this.#events.next());
        if (done) break;
        await this.#hear(event);
        await turn();
      }
      if (this.#phase === "training") this.#phase = "paused";
      if (this.#phase === "paused" && !this.#stop.signal.aborted)
        this.#saving = setTimeout(() => void this.save().catch(() => {}), SAVE_AFTER);
    } catch (error) {
      this.#phase = "failed";
      this.#failure = failureOf(error, this.#session.soundStep ?? this.#saved);
      this.#onFailure(error);
    }
    this.#settle();
    this.#flush();
    this.#announce();
  }

  async #hear(event: TrainEvent): Promise<void> {
    this.#told.push(event);
    if (event.type === "step") {
      this.#allowed--;
      this.#toldStep = event.step;
      if (++this.#steps === SETTLED) this.#settle();
      // Not every one told is the trainer's last: those of a series come together.
      if (event.step === this.#session.trainer.step && event.step === nextMoment(event.step - 1))
        await this.#session.lock.run(() => this.#keepMoment());
    }
    if (event.type === "sample")
      await this.#session.lock.run(() => this.#writeGreedily(event.step));
    if (event.type === "eval") await this.#session.lock.run(() => this.#session.keepSound());
    if (event.type === "saved") this.#saved = event.step;
    if (event.type === "done") this.#phase = "done";
    if (event.type === "stopped") this.#phase = "paused";
    if (performance.now() - this.#lastTold >= TELL_EVERY) this.#flush();
  }

  async #writeGreedily(step: number): Promise<void> {
    const { model, recipe, run } = this.#session;
    const { prompt, tokens } = this.#sample;
    const ids = Array.from(recipe.tokenizer.encode(prompt, { disallowedSpecial: [] }));
    for await (const { id } of generate(model, ids, { maxTokens: tokens, temperature: 0 }))
      ids.push(id);
    const text = recipe.tokenizer.decode(ids);
    run?.record({ step, greedy: text });
    this.#flush();
    this.#tell({ type: "greedy", step, text });
  }

  async #keepMoment(): Promise<void> {
    const { moments, trainer } = this.#session;
    moments.keep(trainer.step, await this.#session.weightsAt());
    this.#tellMoments();
  }

  #tellMoments(): void {
    const { steps } = this.#session.moments;
    this.#tell({ type: "moments", moments: steps.map((step) => ({ step })) });
  }

  #flush(): void {
    this.#lastTold = performance.now();
    const { bytes } = this.#session.backend.memory;
    if (this.#told.length > 0)
      this.#tell({ type: "training", events: this.#told.splice(0), bytes });
  }

  #announce(): void {
    this.#tell({ type: "status", status: this.status });
  }
}
