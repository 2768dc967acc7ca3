import type { TensorFile } from "@muladd/checkpoint";
import { checkData } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { article } from "./article.ts";
import { backprop } from "./backprop.ts";
import { failureOf, isDeviceLost } from "./failures.ts";
import { inspect } from "./inspect.ts";
import { type BackendName, type Ladder, openRung } from "./ladder.ts";
import { Lock } from "./lock.ts";
import { modelService } from "./models/model-service.ts";
import { preflight } from "./preflight.ts";
import type { EngineEvent, Method, Prepared, Requests, RunSettings, Status } from "./protocol.ts";
import { runService } from "./run-service.ts";
import { Rungs } from "./rungs.ts";
import { type Opened, Runs } from "./runs.ts";
import { selfTest } from "./self-test.ts";
import { type Kept, type Recipe, recipeOf, Session, stateOf } from "./session.ts";
import type { Store } from "./store/store.ts";
import { Subjects } from "./subject.ts";
import { promptFor, trainService } from "./train-service.ts";
import { Training } from "./training.ts";
import { tryWebGPU } from "./trial.ts";
import { write } from "./write.ts";

/** What a handler may use besides its parameters. */
export interface Asked {
  /** Aborted when the page has no use for the answer any more. */
  readonly signal: AbortSignal;
  /** Sends a part of the answer before its end. */
  readonly part: (value: unknown) => void;
  /** Bytes that came with the question. */
  readonly attached?: Blob | undefined;
}

export type Handlers = {
  [M in Method]: (params: Requests[M]["params"], asked: Asked) => Promise<Requests[M]["result"]>;
};

/**
 * Models, training and every question about them, without a page: runs in a worker, on a page's thread where there are no
 * workers, and in tests. It owns the backend.
 */
export class Engine {
  readonly runs: Runs;
  readonly subjects = new Subjects(this);
  readonly #tell: (event: EngineEvent) => void;
  readonly #rungs = new Rungs();
  readonly #tried = new Set<string>();
  #session: Session | undefined;
  #training: Training | undefined;
  #prepared: { readonly settings: RunSettings; readonly recipe: Recipe } | undefined;
  /** Held by whatever computes: a few steps, a look, a timing. Who waits for {@link change} must not hold it. */
  readonly lock = new Lock();
  readonly #changes = new Lock();

  /** `store`: where runs are kept; default the most lasting that there is. */
  constructor(tell: (event: EngineEvent) => void, store?: Store) {
    this.#tell = tell;
    this.runs = new Runs((error) => {
      tell({ type: "storage", ...(error ? { failure: failureOf(error) } : {}) });
    }, store);
  }

  readonly handlers: Handlers = {
    probe: () => this.#climb(),
    useBackend: ({ name }) => this.#use(name as BackendName),
    prepare: (settings) => this.#prepare(settings),
    start: (settings) => this.#start(settings),
    ...trainService(this),
    control: ({ action }) => this.change(() => this.#control(action)),
    moments: async () => this.session.moments.steps.map((step) => ({ step })),
    ...article(this),
    ...backprop(this),
    ...modelService(this),
    ...runService(this),
    ...selfTest(),
    ...inspect(this),
    ...write(this),
  };

  /** What computes. Throws before there is one. */
  get backend(): Backend {
    return this.#rungs.backend;
  }

  /** What is trained. Throws when nothing is. */
  get session(): Session {
    if (!this.#session) throw new Error("there is no model yet; press Train");
    return this.#session;
  }

  /** The name of the run at hand. */
  get current(): string | undefined {
    return this.#session?.id;
  }

  get training(): Training {
    if (!this.#training) throw new Error("there is nothing to train yet; press Train");
    return this.#training;
  }

  /** Runs `body` with the model at hand while nothing else computes. Throws when there is none by then. */
  alone<T>(body: (session: Session) => Promise<T> | T): Promise<T> {
    return this.lock.run(() => body(this.session));
  }

  /** One after the other: what starts or stops training, or puts another model or backend in place. */
  change<T>(body: () => Promise<T> | T): Promise<T> {
    return this.#changes.run(body);
  }

  /** Training that ended or failed begins again, where the session's trainer stands. */
  trainAnew(): void {
    this.#train();
  }

  /** Runs what is timed on `backend` while nothing trains; `undefined` otherwise, or when another was taken meanwhile. */
  async #timed<T>(backend: Backend, body: () => Promise<T>): Promise<T | undefined> {
    if (this.status.phase === "training") return undefined;
    return this.lock.run(() => (this.#rungs.backend === backend ? body() : undefined));
  }

  get status(): Status {
    return this.#training?.status ?? { phase: "idle", step: 0, steps: 0, ...this.#described() };
  }

  /** Goes on with a run from its newest checkpoint, paused. `warn` is told of a damaged one that was passed over. */
  resume(name: string, warn: (message: string) => void): Promise<Opened> {
    return this.change(() => this.#resume(name, warn));
  }

  async #resume(name: string, warn: (message: string) => void): Promise<Opened> {
    await this.#climb();
    if (this.current === name) await this.#close();
    const opened = await this.runs.open(name);
    try {
      const checkpoint = await opened.run.load("newest", warn);
      await this.#close();
      const session = this.#sessionOf(name, opened.recipe, opened);
      if (checkpoint)
        session.trainer.load(checkpoint.file, `${name}, checkpoint of step ${checkpoint.step}`);
    } catch (error) {
      if (this.#session?.kept === opened) await this.#close();
      else opened.release();
      throw error;
    }
    this.#train();
    return opened;
  }

  /** Saves the run at hand as it is now. */
  save(): Promise<void> {
    return this.change(async () => {
      await this.#training?.save();
      await this.#session?.moments.flush();
    });
  }

  /** Ends the run at hand, with a checkpoint, and frees its model. */
  close(): Promise<void> {
    return this.change(() => this.#close());
  }

  async #close(): Promise<void> {
    const session = this.#session;
    await this.#training?.stop();
    await session?.moments.flush();
    await this.lock.run(() => {
      session?.[Symbol.dispose]();
      this.#training = undefined;
      this.#session = undefined;
    });
    session?.kept.release?.();
  }

  async #climb(): Promise<Ladder> {
    const first = !this.#rungs.choice;
    await this.#rungs.climb();
    if (first) this.#tellLadder();
    return this.#rungs.ladder;
  }

  /** Goes over to the backend that a person chose. */
  #use(name: BackendName): Promise<Ladder> {
    this.#rungs.byHand = true;
    return this.change(async () => {
      if (this.#rungs.choice?.name !== name) {
        const opened = await openRung(name);
        await this.#move(() => this.#rungs.take(name, opened, "chosen by hand"));
      } else this.#rungs.explain("chosen by hand");
      this.#tellLadder();
      return this.#rungs.ladder;
    });
  }

  async #prepare(settings: RunSettings): Promise<Prepared> {
    await this.#climb();
    const recipe = await recipeOf(settings);
    this.#prepared = { settings, recipe };
    const { backend } = this.#rungs;
    return preflight(recipe, backend, (body) => this.#timed(backend, body));
  }

  async #start(settings: Requests["start"]["params"]): Promise<Status> {
    await this.#climb();
    const recipe =
      this.#prepared?.settings === settings ? this.#prepared.recipe : await recipeOf(settings);
    checkData(recipe.split, recipe.model.context, recipe.model.vocabulary);
    return this.change(() => this.#begin(settings, recipe));
  }

  async #begin(settings: Requests["start"]["params"], recipe: Recipe): Promise<Status> {
    await this.#close();
    const begun = await this.runs.begin(recipe);
    try {
      this.#sessionOf(begun.run.folder.name, recipe, begun);
    } catch (error) {
      begun.release();
      await this.runs.remove(begun.run.folder.name);
      throw error;
    }
    this.#train();
    if (settings.prompt) this.training.prompt = promptFor(recipe.tokenizer, settings.prompt);
    if (!settings.paused) this.#control("run");
    return this.status;
  }

  #control(action: "run" | "pause" | "step" | "stop"): Status {
    const training = this.#training;
    if (!training) throw new Error("there is nothing to train yet; press Train");
    if (action === "run") {
      training.go();
      this.#tryWebGPU().catch((error) => this.#refuse("webgpu", error));
    } else if (action === "step") training.step();
    else if (action === "pause") training.pause();
    else void training.stop();
    return training.status;
  }

  #sessionOf(id: string, recipe: Recipe, kept: Kept): Session {
    this.#session = new Session(id, this.#rungs.backend, recipe, kept, this.lock);
    return this.#session;
  }

  #train(): void {
    const training: Training = new Training(
      this.session,
      this.#tell,
      () => this.#described(),
      (error) => this.#fall(training, error).catch((lost) => this.#refuse("webgpu", lost)),
    );
    this.#training = training;
  }

  /** Takes another backend, and the run at hand along. It goes on if it was trained; part of a {@link change}. */
  async #move(take: () => Promise<void> | void): Promise<void> {
    const [training, session] = [this.#training, this.#session];
    const was = training?.status.phase;
    await training?.stop();
    await this.lock.run(async () => {
      const before = this.#rungs.backend;
      const state = session && (await stateOf(session));
      await take();
      if (session) this.#replant(session, state);
      before[Symbol.dispose]();
    });
    if (was === "training") this.#training!.go();
    else this.#tell({ type: "status", status: this.status });
  }

  /** What went wrong with a rung that nobody waits for is shown in the ladder. */
  #refuse(name: BackendName, error: unknown): void {
    this.#rungs.note({ name, title: name, refusal: failureOf(error) });
    this.#tellLadder();
  }

  /** After the loss of a device amid `training`: the run goes on from its last checkpoint, on the next rung. */
  #fall(training: Training, error: unknown): Promise<void> {
    return this.change(async () => {
      // Who chose another backend or run meanwhile took the rest along.
      if (!isDeviceLost(error) || this.#training !== training) return;
      this.#rungs.note({ name: "webgpu", title: "WebGPU", refusal: failureOf(error) });
      await this.#move(() => this.#rungs.fall(["wasm", "reference"], "the GPU was lost"));
      const { step } = this.session.trainer;
      this.#rungs.explain(`the GPU was lost; training goes on from step ${step}`);
      this.#tellLadder();
      this.training.go();
    });
  }

  /** The same run on the backend now in use; without a `state` it begins again. */
  #replant(session: Session, state: TensorFile | undefined): void {
    session[Symbol.dispose]();
    const next = this.#sessionOf(session.id, session.recipe, session.kept);
    if (state) next.trainer.load(state);
    this.#train();
  }

  /** Times WebGPU on the model at hand, once for each of its shapes, while WASM trains; moves there if it is faster. */
  async #tryWebGPU(): Promise<void> {
    const session = this.session;
    const { model, training } = session.recipe;
    const shape = JSON.stringify([model, training.batch, training.accumulate]);
    if (this.#rungs.byHand || this.#rungs.choice?.name === "webgpu" || this.#tried.has(shape))
      return;
    this.#tried.add(shape);
    await this.#training!.settled; // the first steps are for the eye
    const found = await tryWebGPU(this.#rungs, session.recipe, (body) => this.lock.run(body));
    await this.change(async () => {
      if (found && this.#session === session && !this.#rungs.byHand)
        await this.#move(() => this.#rungs.take("webgpu", found.opened, found.reason));
      else found?.opened.backend[Symbol.dispose]();
    });
    this.#tellLadder();
  }

  #tellLadder(): void {
    this.#tell({ type: "ladder", ladder: this.#rungs.ladder });
  }

  #described(): Pick<Status, "backend"> {
    const { choice } = this.#rungs;
    return choice ? { backend: choice } : {};
  }
}
