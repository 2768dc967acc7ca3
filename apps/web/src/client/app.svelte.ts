import type { Ladder } from "../engine/ladder.ts";
import type { EngineEvent, Failure, Moment, RunSettings, Status } from "../engine/protocol.ts";
import { DEFAULTS } from "./defaults.ts";
import { type EngineClient, EngineError, startEngine } from "./engine.ts";
import { recall, remember } from "./memory.ts";
import { addGreedy, pastOf } from "./past.ts";
import { wakeLock } from "./wake-lock.svelte.ts";

/** How much every screen shows. */
export type Depth = "story" | "numbers" | "everything";

/** One training step as charts have it. */
export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly rawLoss: number;
  readonly rate: number;
  readonly gradNorm: number;
  readonly tokPerSec: number;
}

/** What a model wrote after a step. */
export interface Sample {
  readonly step: number;
  readonly text: string;
  /** With the most likely token each time. */
  readonly greedy?: string;
}

/** What training told of a run. */
export interface History {
  readonly runId: string;
  readonly title: string;
  /** What it was started with. */
  readonly settings: RunSettings;
  readonly points: StepPoint[];
  readonly heldOut: { readonly step: number; readonly loss: number; readonly best: boolean }[];
  readonly samples: Sample[];
  /** ln V: the loss of a model that knows nothing. */
  readonly lossBefore?: number | undefined;
}

/** Where the choice of a backend by hand is kept. */
const BACKEND = "muladd backend";

/**
 * One model, one selection, one clock: every panel reads this, so that what is picked in one moves all. The engine keeps
 * the numbers; here is what is shown of them.
 */
class App {
  engine = $state.raw<EngineClient>();
  /** Why there is none. */
  engineFailure = $state<string>();
  status = $state.raw<Status>({ phase: "idle", step: 0, steps: 0 });
  ladder = $state.raw<Ladder>();
  settings = $state<RunSettings>(DEFAULTS);
  /** A text on its way into the settings. */
  reading: Promise<void> | undefined;
  /** The step of the last checkpoint of the run at hand. */
  saved = $state<number>();
  /** Why the run at hand is kept in memory alone for now. */
  storageFailure = $state.raw<Failure>();
  moments = $state.raw<readonly Moment[]>([]);
  /** The step that all panels look at; `undefined`: now. */
  moment = $state<number>();
  /** The step under the cursor of a chart, while there is one. */
  hovered = $state<number>();
  /** The text that all panels look at. */
  lens = $state("The little dog ");
  selection = $state<{ layer: number; head: number; token: number }>({
    layer: 0,
    head: 0,
    token: 0,
  });
  depth = $state<Depth>("numbers");
  /** The last that training told of the run at hand. */
  latest = $state.raw<{
    readonly point?: StepPoint | undefined;
    readonly heldOut?: number | undefined;
  }>({});
  /** The newest last; charts are drawn from it when `drawn` changes. */
  histories = $state.raw<History[]>([]);
  /** Time spent training this run, in ms, as the page saw it. */
  trainedMs = $state(0);
  /** Seconds until the last step; absent while nobody can tell. */
  left = $state<number>();
  /** That the backend holds. */
  bytes = $state<number>();
  #heard = 0;
  #starting: Promise<EngineClient> | undefined;
  /** Counts the messages of training: a reason to draw anew. */
  drawn = $state(0);
  /** The last thing that a screen reader should hear of training. */
  announcement = $state("");

  get training(): boolean {
    return this.status.phase === "training";
  }

  /** The engine, for what a person may do before it is there. Rejects where there can be none. */
  whenReady(): Promise<EngineClient> {
    this.#starting ??= startEngine();
    return this.#starting;
  }

  async start(): Promise<void> {
    document.addEventListener("visibilitychange", () => {
      this.#draw();
      void wakeLock.follow(this.training);
    });
    try {
      this.engine = await this.whenReady();
      this.engine.listen((event) => this.#hear(event));
      this.ladder = await this.engine.ask("probe", undefined);
      const chosen = recall(BACKEND);
      if (chosen) await this.useBackend(chosen).catch(() => {}); // it may be gone; the ladder's own serves
    } catch (error) {
      this.engineFailure = (error as Error).message;
    }
  }

  /** Takes a backend by hand, now and in later visits; `undefined`: as the ladder chooses, from the next visit on. */
  async useBackend(name: string | undefined): Promise<void> {
    remember(BACKEND, name);
    if (name) this.ladder = await this.engine!.ask("useBackend", { name });
  }

  /** Begins a run with the settings as they are. */
  async train(paused = false): Promise<void> {
    this.status = { phase: "preparing", step: 0, steps: 0 };
    await this.reading;
    const settings = $state.snapshot(this.settings) as RunSettings;
    let status: Status;
    try {
      status = await this.engine!.ask("start", { ...settings, paused, prompt: this.lens });
    } catch (error) {
      const failure =
        error instanceof EngineError
          ? error.failure
          : { name: "Error", message: (error as Error).message };
      this.status = { phase: "failed", step: 0, steps: 0, failure };
      this.announcement = `Training failed: ${failure.message}`;
      return;
    }
    const title = `${settings.preset}, seed ${settings.training.seed ?? 0}`;
    const history: History = {
      runId: status.runId!,
      title,
      settings,
      lossBefore: Math.log(status.vocabulary ?? Number.NaN),
      points: [],
      heldOut: [],
      samples: [],
    };
    this.histories = [...this.histories.slice(-4), history];
    this.latest = {};
    this.trainedMs = 0;
    this.bytes = undefined;
    this.moments = [];
    this.moment = undefined;
    this.status = status;
  }

  /** Goes on with a run that was kept, from its last checkpoint, paused; answers what should be told of it. */
  async open(name: string, title = name): Promise<readonly string[]> {
    const opened = await this.engine!.ask("openRun", { name });
    const history = pastOf(name, title, opened);
    this.settings = opened.settings;
    this.histories = [...this.histories.filter((h) => h.runId !== name).slice(-4), history];
    this.latest = { point: history.points.at(-1), heldOut: history.heldOut.at(-1)?.loss };
    this.moment = undefined;
    this.moments = await this.engine!.ask("moments", undefined);
    this.status = opened.status;
    this.drawn++;
    return opened.notes;
  }

  /** After a failure: on from the last state that was kept. */
  async resume(hot: { readonly rate?: number }): Promise<void> {
    const status = await this.engine!.ask("resume", hot);
    const history = this.histories.at(-1)!;
    const before = <T extends { readonly step: number }>(list: T[]) => {
      const end = list.findIndex((x) => x.step > status.step);
      if (end >= 0) list.length = end;
    };
    before(history.points);
    before(history.heldOut);
    before(history.samples);
    this.status = status;
    this.drawn++;
  }

  async control(action: "run" | "pause" | "step" | "stop"): Promise<void> {
    this.status = await this.engine!.ask("control", { action });
  }

  #hear(event: EngineEvent): void {
    if (event.type === "status") {
      const { phase, step, failure } = event.status;
      if (phase === "training") this.#heard = performance.now();
      if (phase !== this.status.phase)
        this.announcement = failure
          ? `Training failed: ${failure.message}`
          : `${phase}, step ${step}`;
      this.status = event.status;
      void wakeLock.follow(this.training);
    } else if (event.type === "ladder") this.ladder = event.ladder;
    else if (event.type === "greedy") {
      addGreedy(this.histories.at(-1)?.samples ?? [], event.step, event.text);
      this.drawn++;
    } else if (event.type === "moments") this.moments = event.moments;
    else if (event.type === "storage") this.storageFailure = event.failure;
    else {
      this.bytes = event.bytes;
      const now = performance.now();
      // A pause is no training.
      if (now - this.#heard < 5000) this.trainedMs += now - this.#heard;
      this.#heard = now;
      this.#record(event.events);
    }
  }

  #record(events: Extract<EngineEvent, { type: "training" }>["events"]): void {
    const history = this.histories.at(-1);
    if (!history) return;
    for (const e of events) {
      if (e.type === "step") {
        const { step, loss, rawLoss, rate, gradNorm, tokPerSec, etaSec } = e;
        this.left = etaSec;
        history.points.push({ step, loss, rawLoss, rate, gradNorm, tokPerSec });
        this.status = { ...this.status, step };
      } else if (e.type === "eval") {
        history.heldOut.push({ step: e.step, loss: e.heldOut, best: e.best });
        this.announcement = `step ${e.step}: held-out loss ${e.heldOut.toFixed(3)}`;
      } else if (e.type === "saved") this.saved = e.step;
      else if (e.type === "sample") history.samples.push({ step: e.step, text: e.text });
    }
    this.latest = { point: history.points.at(-1), heldOut: history.heldOut.at(-1)?.loss };
    this.#draw();
  }

  /** Nobody sees what a hidden page draws: it is drawn when the page is seen again. */
  #draw(): void {
    if (!document.hidden) this.drawn++;
  }
}

export const app = new App();
