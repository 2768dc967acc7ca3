import { checkData } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { article } from "./article.ts";
import { backprop } from "./backprop.ts";
import { failureOf } from "./failures.ts";
import { inspect } from "./inspect.ts";
import { type BackendName, type Ladder, openRung } from "./ladder.ts";
import { Lock } from "./lock.ts";
import { preflight } from "./preflight.ts";
import type { EngineEvent, Method, Prepared, Requests, RunSettings, Status } from "./protocol.ts";
import { runService } from "./run-service.ts";
import { Rungs } from "./rungs.ts";
import { type Opened, Runs } from "./runs.ts";
import { selfTest } from "./self-test.ts";
import { type Kept, type Recipe, recipeOf, Session } from "./session.ts";
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
  readonly #idle = new Lock();

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
    control: async ({ action }) => this.#control(action),
    moments: async () => this.session.moments.steps.map((step) => ({ step })),
    ...article(this),
    ...backprop(this),
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

  /** Training that ended or failed begins again, where the session's trainer stands. */
  trainAnew(): void {
    this.#train();
  }

  /** Runs what is timed while nothing trains; `undefined` otherwise. */
  async #timed<T>(body: () => Promise<T>): Promise<T | undefined> {
    if (this.status.phase === "training") return undefined;
    return this.#session ? this.#session.lock.run(body) : this.#idle.run(body);
  }

  get status(): Status {
    return this.#training?.status ?? { phase: "idle", step: 0, steps: 0, ...this.#described() };
  }

  /** Goes on with a run from its newest checkpoint, paused. `warn` is told of a damaged one that was passed over. */
  async resume(name: string, warn: (message: string) => void): Promise<Opened> {
    await this.#climb();
    if (this.current === name) await this.close();
    const opened = await this.runs.open(name);
    try {
      const checkpoint = await opened.run.load("newest", warn);
      await this.close();
      const session = this.#sessionOf(name, opened.recipe, opened);
      if (checkpoint)
        session.trainer.load(checkpoint.file, `${name}, checkpoint of step ${checkpoint.step}`);
    } catch (error) {
      if (this.#session?.kept === opened) await this.close();
      else opened.release();
      throw error;
    }
    this.#train();
    return opened;
  }

  /** Saves the run at hand as it is now. */
  async save(): Promise<void> {
    await this.#training?.save();
  }

  /** Ends the run at hand, with a checkpoint, and frees its model. */
  async close(): Promise<void> {
    await this.#training?.stop();
    this.#drop();
  }

  async #climb(): Promise<Ladder> {
    const first = !this.#rungs.choice;
    await this.#rungs.climb();
    if (first) this.#tellLadder();
    return this.#rungs.ladder;
  }

  /** Goes over to the backend that a person chose. */
  async #use(name: BackendName): Promise<Ladder> {
    this.#rungs.byHand = true;
    if (this.#rungs.choice?.name !== name) {
      const opened = await openRung(name);
      await this.#move(() => this.#rungs.take(name, opened, "chosen by hand"));
    } else this.#rungs.explain("chosen by hand");
    this.#tellLadder();
    return this.#rungs.ladder;
  }

  async #prepare(settings: RunSettings): Promise<Prepared> {
    await this.#climb();
    const recipe = await recipeOf(settings);
    this.#prepared = { settings, recipe };
    return preflight(recipe, this.#rungs.backend, (body) => this.#timed(body));
  }

  async #start(settings: Requests["start"]["params"]): Promise<Status> {
    await this.#climb();
    const recipe =
      this.#prepared?.settings === settings ? this.#prepared.recipe : await recipeOf(settings);
    checkData(recipe.split, recipe.model.context, recipe.model.vocabulary);
    await this.#idle.run(() => this.close());
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
    this.#session = new Session(id, this.#rungs.backend, recipe, kept);
    return this.#session;
  }

  #train(): void {
    this.#training = new Training(
      this.session,
      this.#tell,
      () => this.#described(),
      (error) => this.#fall(error).catch((lost) => this.#refuse("webgpu", lost)),
    );
  }

  /** Takes another backend, and the run at hand along: it goes on from the step where it stands. */
  async #move(take: () => void): Promise<void> {
    const [training, before, session] = [this.#training, this.#rungs.backend, this.#session];
    const was = training?.status.phase;
    await training?.stop();
    const state = session && (await session.lock.run(() => session.trainer.save()));
    take();
    if (session && state) this.#replant(session, (next) => next.trainer.load(state));
    before[Symbol.dispose]();
    if (was === "training") this.#training!.go();
  }

  /** What went wrong with a rung that nobody waits for is shown in the ladder. */
  #refuse(name: BackendName, error: unknown): void {
    this.#rungs.note({ name, title: name, refusal: failureOf(error) });
    this.#tellLadder();
  }

  /** After the loss of a device: the run goes on from its last checkpoint, on the next rung. */
  async #fall(error: unknown): Promise<void> {
    if ((error as Error).name !== "DeviceLostError" || this.#rungs.choice?.name !== "webgpu")
      return;
    const session = this.session;
    const before = this.#rungs.backend;
    this.#rungs.note({ name: "webgpu", title: "WebGPU", refusal: failureOf(error) });
    await this.#rungs.fall(["wasm", "reference"], "the GPU was lost");
    const saved = await session.run?.load("newest");
    this.#replant(session, (next) => {
      if (saved) next.trainer.load(saved.file, `checkpoint of step ${saved.step}`);
    });
    this.#rungs.explain(`the GPU was lost; training goes on from step ${saved?.step ?? 0}`);
    before[Symbol.dispose]();
    this.#tellLadder();
    this.#training!.go();
  }

  /** The same run on the backend now in use; `load` gives its model what it had. */
  #replant(session: Session, load: (next: Session) => void): void {
    const kept = { ...session.kept, moments: session.moments };
    session[Symbol.dispose]();
    load(this.#sessionOf(session.id, session.recipe, kept));
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
    const found = await tryWebGPU(this.#rungs, session.recipe, (body) => session.lock.run(body));
    if (found && this.#session === session && !this.#rungs.byHand)
      await this.#move(() => this.#rungs.take("webgpu", found.opened, found.reason));
    else found?.opened.backend[Symbol.dispose]();
    this.#tellLadder();
  }

  #drop(): void {
    this.#session?.[Symbol.dispose]();
    this.#session?.kept.release?.();
    this.#training = undefined;
    this.#session = undefined;
  }

  #tellLadder(): void {
    this.#tell({ type: "ladder", ladder: this.#rungs.ladder });
  }

  #described(): Pick<Status, "backend"> {
    const { choice } = this.#rungs;
    return choice ? { backend: choice } : {};
  }
}
