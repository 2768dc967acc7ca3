import type { IO } from "../io.ts";
import { cut } from "./cells.ts";
import { type Mode, resolveMode } from "./mode.ts";

/** How far something is. */
export interface Tick {
  /** "checking gradient: softmax" */
  readonly what: string;
  readonly done?: number;
  readonly total?: number;
  /** What a person is shown in place of `done` and `total`. */
  readonly detail?: string;
}

/** Milliseconds between two lines. */
const EVERY = { live: 100, plain: 5000, json: 5000 } as const;
const CLEAR = "\r\x1b[K";

/**
 * One line of progress on stderr, written over in a terminal, else at most one every five seconds, or NDJSON. It leaves
 * cursor and signals alone: what it reports on may block the thread, and Ctrl-C must end it all the same.
 */
export class Ticker implements Disposable {
  readonly #io: IO;
  readonly #mode: Mode;
  readonly #from: number;
  #last = -Infinity;
  #drawn = false;

  constructor(
    io: IO,
    {
      progress = "auto",
      quiet = false,
      after = 0,
    }: {
      progress?: string;
      quiet?: boolean;
      /** Milliseconds in which nothing is said: what is done by then needs no progress. */
      after?: number;
    },
  ) {
    this.#io = io;
    this.#from = performance.now() + after;
    this.#mode = resolveMode(io, progress, quiet).mode;
  }

  tick(tick: Tick): void {
    const mode = this.#mode;
    if (mode === "none") return;
    const now = performance.now();
    if (now < this.#from || now - this.#last < EVERY[mode]) return;
    this.#last = now;
    const { stderr } = this.#io;
    if (mode === "live") {
      this.#drawn = true;
      stderr.write(`${CLEAR}${cut(line(tick), stderr.columns - 1)}`);
    } else if (mode === "plain") stderr.write(`${line(tick)}\n`);
    else stderr.write(`${JSON.stringify({ v: 1, type: "progress", ...tick })}\n`);
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    if (this.#drawn) this.#io.stderr.write(CLEAR);
  }
}

function line({ what, done, total, detail }: Tick): string {
  if (detail !== undefined) return `${what}${detail}`;
  if (done === undefined) return what;
  return `${what} ${done}${total === undefined ? "" : `/${total}`}`;
}
