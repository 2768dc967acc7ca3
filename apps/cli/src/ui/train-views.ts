import { type IO, paint } from "../io.ts";
import { ascii, cut, oneLine, showsUTF8, wrap } from "./cells.ts";
import { bar, sparkline } from "./draw.ts";
import { clock, duration, guess, integer, quantity, rate, speed } from "./format.ts";
import type { Mode } from "./mode.ts";
import type { Status, ViewEvent } from "./status.ts";
import { Window } from "./window.ts";

/** Tells on stderr how a run goes. */
export interface TrainView {
  event(event: ViewEvent): void;
  /** Something that must be said now: a warning, a heading. */
  log(line: string): void;
  /** Draws again: something other than an event changed. */
  refresh(): void;
  close(): void;
}

export interface ViewOptions {
  readonly io: IO;
  readonly status: Status;
  /** Bytes held at most so far. */
  readonly peakBytes: () => number;
}

export function trainView(mode: Mode, options: ViewOptions): TrainView {
  return views[mode](options);
}

const views: Readonly<Record<Mode, (options: ViewOptions) => TrainView>> = {
  live,
  plain,
  json,
  none: () => ({ event() {}, log() {}, refresh() {}, close() {} }),
};

const BAR = { least: 8, most: 26, beside: 54 };
const SPARKS = 16;
const MARGIN = 4;

function live({ io, status, peakBytes }: ViewOptions): TrainView {
  const { stderr } = io;
  const utf8 = showsUTF8(io.env);
  const plainText = (text: string) => (utf8 ? text : ascii(text));
  const window = new Window(stderr);
  const dim = (text: string) => paint(stderr, "dim", text);
  const label = (text: string) => paint(stderr, "cyan", text);

  const columns = () => Math.min(Math.max(stderr.columns - BAR.beside, BAR.least), BAR.most);

  function lines(): string[] {
    const { step, steps, loss, heldOut, etaSec, score } = status;
    const done = `${step}/${steps}  ${Math.floor((100 * step) / steps)}%  ${clock(status.elapsedSec)}`;
    const eta = status.paused ? "paused" : etaSec === undefined ? "" : `eta ${clock(etaSec)}`;
    const sparks = sparkline(status.history, SPARKS);
    const val = heldOut
      ? `val ${heldOut.loss.toFixed(3)} @${heldOut.step}${heldOut.best ? " (best)" : ""}`
      : "";
    const meaning = loss === undefined ? "" : guess(loss);
    const exact = score ? `exact ${score.right}/${score.of}` : "";
    const of = [
      ...(status.tokPerSec ? [`${integer(status.tokPerSec)} tok/s`] : []),
      ...(status.rate === undefined ? [] : [`rate ${rate(status.rate)}`]),
      ...(status.gradNorm === undefined ? [] : [`grad ${status.gradNorm.toFixed(2)}`]),
      quantity(peakBytes(), "B"),
    ];
    return [
      "",
      `${label("train")}  ${bar(step / steps, columns(), utf8)}  ${done}  ${eta}`,
      `${label("loss")}   ${[loss?.toFixed(3), sparks, val, meaning && `= ${meaning}`, exact].filter(Boolean).join("  ")}`,
      `${label("speed")}  ${of.join(" · ")}`,
      `${label("sample")} ${status.sample === undefined ? "" : oneLine(status.sample)}`,
      dim(`p ${status.paused ? "go on" : "pause"}   s sample   e evaluate   Ctrl-C save and stop`),
    ].map(plainText);
  }

  const log = (line: string) => window.log(plainText(line));
  return {
    event(event) {
      if (event.type === "done" || event.type === "stopped") return;
      if (event.type === "eval") {
        const { loss, best } = status.heldOut!;
        const score = `step ${event.step}  val ${loss.toFixed(3)}${best ? " best" : ""}`;
        log(dim(score));
      }
      if (event.type === "sample") {
        for (const line of wrap(oneLine(event.text), stderr.columns - MARGIN - 1))
          log(" ".repeat(MARGIN) + line);
      }
      if (event.type === "score") log(dim(`step ${event.step}  exact ${event.right}/${event.of}`));
      window.draw(lines, { force: event.type !== "step" });
    },
    log,
    refresh: () => window.draw(lines, { force: true }),
    close: () => window.close(),
  };
}

const QUIET_SEC = 5;

function plain({ io, status }: ViewOptions): TrainView {
  const { stderr } = io;
  const utf8 = showsUTF8(io.env) || !stderr.isTTY;
  const write = (line: string) => stderr.write(`${utf8 ? line : ascii(line)}\n`);
  let last = -Infinity;
  let printed = -1;
  function line(): void {
    const { step, steps, loss, heldOut, etaSec, tokPerSec } = status;
    const now = heldOut?.step === step ? heldOut : undefined;
    printed = step;
    last = status.now();
    write(
      [
        `step ${step}/${steps}`,
        ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
        ...(now ? [`val ${now.loss.toFixed(3)}${now.best ? " best" : ""}`] : []),
        ...(status.rate === undefined ? [] : [`rate ${rate(status.rate)}`]),
        ...(status.gradNorm === undefined ? [] : [`grad ${status.gradNorm.toFixed(2)}`]),
        ...(tokPerSec ? [`tok/s ${Math.round(tokPerSec)}`] : []),
        ...(etaSec === undefined || step === steps ? [] : [`eta ${duration(etaSec)}`]),
      ].join(" "),
    );
  }
  return {
    event(event) {
      if (event.type === "eval") line();
      if (event.type === "step" && status.now() - last >= QUIET_SEC && event.step !== printed) {
        // The evaluation of this step comes next, and prints the line.
        if (event.step % status.plan.evalEvery !== 0 && event.step !== event.steps) line();
      }
      if (event.type === "sample") write(`sample ${cut(oneLine(event.text), 200)}`);
      if (event.type === "score") write(`exact ${event.right}/${event.of} at step ${event.step}`);
    },
    log: write,
    refresh() {},
    close() {},
  };
}

const EVERY = 10;

/** One JSON object a line; `v` is the version of this contract. */
function json({ io, status }: ViewOptions): TrainView {
  const write = (event: object) => io.stderr.write(`${JSON.stringify({ v: 1, ...event })}\n`);
  return {
    event(event) {
      switch (event.type) {
        case "step": {
          if (event.step % EVERY !== 0 && event.step !== event.steps) return;
          const { loss, rate, gradNorm, tokPerSec } = event;
          const val = status.heldOut?.loss;
          const { step, steps, etaSec } = status;
          write({ type: "step", step, steps, loss, val, rate, gradNorm, tokPerSec, etaSec });
          return;
        }
        case "eval":
          write({ type: "eval", step: event.step, val: event.heldOut, best: event.best });
          return;
        default:
          write(event);
      }
    },
    log: (message) => write({ type: "log", message }),
    refresh() {},
    close() {},
  };
}

/** The last words about a run: how it ended, where it is, what to do next. */
export function ending(
  summary: {
    readonly step: number;
    readonly steps: number;
    readonly seconds: number;
    readonly heldOut: number | undefined;
    readonly best: { readonly step: number; readonly heldOut: number } | undefined;
    readonly tokPerSec: number;
  },
  score: { readonly right: number; readonly of: number } | undefined,
): string {
  const { step, steps, heldOut, best } = summary;
  const reached =
    step < steps ? `${step} of ${steps} steps` : `${steps} step${steps === 1 ? "" : "s"}`;
  const val =
    step < steps || heldOut === undefined
      ? best && [`best val ${best.heldOut.toFixed(3)} @${best.step}`]
      : best && best.step !== step
        ? [`val ${heldOut.toFixed(3)}`, `best ${best.heldOut.toFixed(3)} @${best.step}`]
        : [`val ${heldOut.toFixed(3)} (best, step ${step})`];
  return [
    `${reached} in ${duration(summary.seconds)}`,
    ...(val ?? []),
    ...(score ? [`exact ${score.right}/${score.of}`] : []),
    `${speed(summary.tokPerSec)} tok/s`,
  ].join(" · ");
}
