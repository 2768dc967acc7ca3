import { plan } from "@muladd/gpt";
import { failureOf } from "./failures.ts";
import {
  type BackendChoice,
  type BackendName,
  type Ladder,
  openRung,
  type Rung,
} from "./ladder.ts";
import { Lock } from "./lock.ts";
import { preflight, secondsOf } from "./preflight.ts";
import type { EngineEvent, Method, Prepared, Requests, RunSettings, Status } from "./protocol.ts";
import { type Recipe, recipeOf, Session } from "./session.ts";
import { promptFor, trainService } from "./train-service.ts";
import { Training } from "./training.ts";

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
  readonly #tell: (event: EngineEvent) => void;
  #rungs: readonly Rung[] = [];
  #choice: BackendChoice | undefined;
  #backend: Awaited<ReturnType<typeof openRung>>["backend"] | undefined;
  #session: Session | undefined;
  #training: Training | undefined;
  #prepared: { readonly settings: RunSettings; readonly recipe: Recipe } | undefined;
  #runs = 0;
  readonly #idle = new Lock();

  constructor(tell: (event: EngineEvent) => void) {
    this.#tell = tell;
  }

  readonly handlers: Handlers = {
    probe: () => this.#climb(),
    useBackend: ({ name }) => this.#use(name as BackendName, "chosen by hand"),
    prepare: (settings) => this.#prepare(settings),
    start: (settings) => this.#start(settings),
    ...trainService(this),
    control: async ({ action }) => this.#control(action),
    moments: async () => this.session.moments.steps.map((step) => ({ step })),
  };

  /** What is trained. Throws when nothing is. */
  get session(): Session {
    if (!this.#session) throw new Error("there is no model yet; press Train");
    return this.#session;
  }

  get training(): Training {
    if (!this.#training) throw new Error("there is nothing to train yet; press Train");
    return this.#training;
  }

  /** Training that ended or failed begins again, where the session's trainer stands. */
  trainAnew(): void {
    this.#training = new Training(this.session, this.#tell, () => this.#described());
  }

  /** FLOP/s of a training step of the preset small on a little text of the stories. */
  async speed(): Promise<{ readonly flops?: number; readonly backend: string }> {
    await this.#climb();
    const data = { kind: "stories", characters: 20_000 } as const;
    const recipe = await recipeOf({
      preset: "small",
      data,
      tokenizer: "char",
      model: {},
      training: {},
    });
    const seconds = await this.#timed(() => secondsOf(recipe, this.#backend!));
    const { flop } = plan(recipe.model, recipe.training);
    const { title: backend } = this.#choice!;
    return { backend, ...(seconds ? { flops: flop.step / seconds } : {}) };
  }

  /** Runs what is timed while nothing trains; `undefined` otherwise. */
  async #timed<T>(body: () => Promise<T>): Promise<T | undefined> {
    if (this.status.phase === "training") return undefined;
    return this.#session ? this.#session.lock.run(body) : this.#idle.run(body);
  }

  get status(): Status {
    return this.#training?.status ?? { phase: "idle", step: 0, steps: 0, ...this.#described() };
  }

  /** WASM first; plain TypeScript where there is none. */
  async #climb(): Promise<Ladder> {
    if (this.#choice) return { rungs: this.#rungs, choice: this.#choice };
    const rungs: Rung[] = [];
    for (const name of ["wasm", "reference"] as const) {
      try {
        const { backend, title } = await openRung(name);
        this.#backend = backend;
        const refused = rungs.find((r) => r.refusal);
        const reason = refused
          ? `${refused.title} cannot be used: ${refused.refusal!.message}`
          : "ready at once, and proven against plain TypeScript";
        this.#choice = { name, title, reason };
        rungs.push({ name, title });
        break;
      } catch (error) {
        rungs.push({ name, title: name, refusal: failureOf(error) });
      }
    }
    this.#rungs = rungs;
    if (!this.#choice)
      throw new Error("this browser can run none of muladd's backends; use a newer one");
    const ladder = { rungs, choice: this.#choice };
    this.#tell({ type: "ladder", ladder });
    return ladder;
  }

  async #use(name: BackendName, reason: string): Promise<Ladder> {
    const { backend, title } = await openRung(name);
    await this.#end();
    this.#backend?.[Symbol.dispose]();
    this.#backend = backend;
    this.#choice = { name, title, reason };
    this.#rungs = [...this.#rungs.filter((r) => r.name !== name), { name, title }];
    const ladder = { rungs: this.#rungs, choice: this.#choice };
    this.#tell({ type: "ladder", ladder });
    return ladder;
  }

  async #prepare(settings: RunSettings): Promise<Prepared> {
    const recipe = await recipeOf(settings);
    this.#prepared = { settings, recipe };
    return preflight(recipe, this.#backend, (body) => this.#timed(body));
  }

  async #start(settings: Requests["start"]["params"]): Promise<Status> {
    await this.#climb();
    const recipe =
      this.#prepared?.settings === settings ? this.#prepared.recipe : await recipeOf(settings);
    await this.#idle.run(() => this.#end());
    this.#session = new Session(`run-${++this.#runs}`, this.#backend!, recipe);
    this.#training = new Training(this.#session, this.#tell, () => this.#described());
    if (settings.prompt) this.#training.prompt = promptFor(recipe.tokenizer, settings.prompt);
    if (!settings.paused) this.#training.go();
    return this.status;
  }

  #control(action: "run" | "pause" | "step" | "stop"): Status {
    const training = this.#training;
    if (!training) throw new Error("there is nothing to train yet; press Train");
    if (action === "run") training.go();
    else if (action === "step") training.step();
    else if (action === "pause") training.pause();
    else void training.stop();
    return training.status;
  }

  async #end(): Promise<void> {
    await this.#training?.stop();
    this.#session?.[Symbol.dispose]();
    this.#training = undefined;
    this.#session = undefined;
  }

  #described(): Pick<Status, "backend"> {
    return this.#choice ? { backend: this.#choice } : {};
  }
}
