import { plan } from "@muladd/gpt";
import { checkData } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { article } from "./article.ts";
import { backprop } from "./backprop.ts";
import { failureOf } from "./failures.ts";
import {
  type BackendChoice,
  type BackendName,
  type Ladder,
  openRung,
  type Rung,
} from "./ladder.ts";
import type { EngineEvent, Method, Prepared, Requests, RunSettings, Status } from "./protocol.ts";
import { type Recipe, recipeOf, Session } from "./session.ts";
import { Training } from "./training.ts";

/** What a handler may use besides its parameters. */
export interface Asked {
  /** Aborted when the page has no use for the answer any more. */
  readonly signal: AbortSignal;
  /** Sends a part of the answer before its end. */
  readonly part: (value: unknown) => void;
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
  #backend: Backend | undefined;
  #session: Session | undefined;
  #training: Training | undefined;
  #prepared: { readonly settings: RunSettings; readonly recipe: Recipe } | undefined;
  #runs = 0;

  constructor(tell: (event: EngineEvent) => void) {
    this.#tell = tell;
  }

  readonly handlers: Handlers = {
    probe: () => this.#climb(),
    useBackend: ({ name }) => this.#use(name as BackendName, "chosen by hand"),
    prepare: (settings) => this.#prepare(settings),
    start: (settings) => this.#start(settings),
    control: async ({ action }) => this.#control(action),
    moments: async () => this.session.moments.steps.map((step) => ({ step })),
    ...article(this),
    ...backprop(this),
  };

  /** What computes. Throws before there is one. */
  get backend(): Backend {
    if (!this.#backend) throw new Error("no backend is up yet; wait a moment");
    return this.#backend;
  }

  /** What is trained. Throws when nothing is. */
  get session(): Session {
    if (!this.#session) throw new Error("there is no model yet; press Train");
    return this.#session;
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
    const { model, training, split } = recipe;
    const planned = plan(model, { ...training, title: settings.preset });
    let refusal: Prepared["refusal"];
    try {
      checkData(split, model.context, model.vocabulary);
    } catch (error) {
      refusal = failureOf(error);
    }
    return {
      model,
      training,
      plan: planned,
      tokens: { train: split.train.length, heldOut: split.heldOut.length },
      ...(refusal ? { refusal } : {}),
    };
  }

  async #start(settings: RunSettings & { readonly paused?: boolean }): Promise<Status> {
    await this.#climb();
    const recipe =
      this.#prepared?.settings === settings ? this.#prepared.recipe : await recipeOf(settings);
    await this.#end();
    this.#session = new Session(`run-${++this.#runs}`, this.#backend!, recipe);
    this.#training = new Training(this.#session, this.#tell, () => this.#described());
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
