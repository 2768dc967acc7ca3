import type { Method, Requests } from "../engine/protocol.ts";
import { app } from "./app.svelte.ts";
import { EngineError } from "./engine.ts";

/** Between an answer and the next question while training runs, in ms; and as a multiple of what the answer took. */
const REST = 300;
const SHARE = 4;

/**
 * What a panel asks of the engine again and again: one question in flight, the newest wins, and while training runs the
 * panel takes a fifth of the time at most.
 */
export class Question<M extends Method> {
  answer = $state.raw<Requests[M]["result"]>();
  /** What was asked for that answer. */
  asked = $state.raw<Requests[M]["params"]>();
  failure = $state.raw<{ readonly message: string; readonly remedy?: string | undefined }>();
  #next: Requests[M]["params"] | undefined;
  #busy = false;
  #stop = new AbortController();

  /** `supersede`: a newer question ends the one in flight, whose answer is then worth nothing. */
  constructor(
    readonly method: M,
    readonly supersede = false,
  ) {}

  /** Asks now, or after what is in flight. */
  ask(params: Requests[M]["params"]): void {
    this.#next = params;
    if (!this.#busy) void this.#run();
    else if (this.supersede) this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next !== undefined && app.engine) {
      const params = this.#next;
      this.#next = undefined;
      const began = performance.now();
      try {
        this.#stop = new AbortController();
        this.answer = await app.engine.ask(this.method, params, { signal: this.#stop.signal });
        this.asked = params;
        this.failure = undefined;
      } catch (error) {
        if (!this.#stop.signal.aborted)
          this.failure =
            error instanceof EngineError ? error.failure : { message: (error as Error).message };
      }
      const took = performance.now() - began;
      if (app.training) await new Promise((r) => setTimeout(r, Math.max(REST, SHARE * took)));
    }
    this.#busy = false;
  }
}
