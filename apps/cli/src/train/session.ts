import type { GPT } from "@muladd/gpt";
import type { Run, Summary, Trainer } from "@muladd/gpt/train";
import { quote } from "../data.ts";
import { CLIError, exitCodes, explain } from "../errors.ts";
import type { IO, Signal } from "../io.ts";
import type { Mode } from "../ui/mode.ts";
import { Status } from "../ui/status.ts";
import { trainView } from "../ui/train-views.ts";
import { takeExam } from "./exam.ts";
import { type Again, flagsOf, outOfMemory } from "./memory.ts";
import type { Prepared } from "./prepare.ts";

export interface SessionOptions {
  readonly io: IO;
  readonly mode: Mode;
  readonly prepared: Prepared;
  readonly run: Run;
  readonly trainer: Trainer;
  readonly model: GPT;
  readonly samplePrompt: string;
  readonly sampleTokens?: number;
  readonly keep: number;
  /** Ends the sitting after about this long, with a checkpoint. */
  readonly mostSeconds?: number;
}

/** How a sitting ended. */
export interface SessionEnd {
  readonly summary: Summary;
  readonly score: { readonly right: number; readonly of: number } | undefined;
  /** What ended it early. */
  readonly signal: Signal | undefined;
}

const QUESTIONS = { along: 25, end: 100 };

/**
 * Trains to the end of the run, or to the first Ctrl-C or SIGTERM, which finish the step and save; the second ends the
 * process at once. Throws CLIError with code 4 when the numbers are not finite any more, and when a file cannot be
 * written; either names the last good checkpoint.
 */
export async function trainSession(options: SessionOptions): Promise<SessionEnd> {
  const { io, mode, prepared, run, trainer, model, mostSeconds = Infinity } = options;
  const training = await import("@muladd/gpt/train");
  const status = new Status(prepared.training, trainer.step);
  const peakBytes = () => trainer.backend.memory.peakBytes;
  const view = trainView(mode, { io, status, peakBytes });
  const stop = new AbortController();
  const requests = new Set<"sample" | "evaluate">();
  let signal: Signal | undefined;
  let goOn = () => {};
  let pause: Promise<void> | undefined;

  const resume = () => {
    if (!pause) return;
    pause = undefined;
    status.resume();
    goOn();
    view.refresh();
  };
  const onSignal = (name: Signal) => {
    if (signal) {
      view.close();
      io.exit(exitCodes[name]);
      return;
    }
    signal = name;
    stop.abort();
    resume();
    view.log("stopping: finishing the step and saving; once more to stop at once");
  };
  const onKey = (key: string) => {
    if (key === "\x03") onSignal("SIGINT");
    else if (key === "\x1a") view.close();
    else if (key === "s") requests.add("sample");
    else if (key === "e") requests.add("evaluate");
    else if (key === "p" && pause) resume();
    else if (key === "p") {
      pause = new Promise((resolve) => {
        goOn = resolve;
      });
      status.pause();
      view.refresh();
    }
  };
  const offSignal = io.onSignal(onSignal);
  const offKeys =
    mode === "live" && io.stdin.isTTY && !io.background ? io.stdin.keys(onKey) : () => {};

  const task = prepared.data.source.kind === "task" ? prepared.data.source.task : undefined;
  let score: SessionEnd["score"];
  let summary: Summary | undefined;
  try {
    const events = training.fit({
      trainer,
      tokenizer: prepared.tokenizer,
      run,
      sample: { prompt: options.samplePrompt, tokens: options.sampleTokens ?? 100 },
      signal: stop.signal,
      requests,
      keep: options.keep,
    });
    for await (const event of events) {
      status.update(event);
      view.event(event);
      if (status.elapsedSec > mostSeconds) stop.abort();
      if (event.type === "done" || event.type === "stopped") summary = event;
      if (event.type === "eval" && task && event.step > 0) {
        const count = event.step === prepared.training.steps ? QUESTIONS.end : QUESTIONS.along;
        score = await takeExam(model, prepared.tokenizer, task, count, stop.signal);
        const told = { type: "score", step: event.step, ...score } as const;
        status.update(told);
        view.event(told);
      }
      await turn();
      await pause;
    }
  } catch (error) {
    throw await failure(error, options);
  } finally {
    offSignal();
    offKeys();
    view.close();
  }
  return { summary: summary!, score, signal };
}

/** Lets signals and keys in. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What ended training, with the state in which it left the run. */
async function failure(error: unknown, { io, prepared, run }: SessionOptions): Promise<unknown> {
  const { path, training } = prepared;
  const good = await lastGood(run).catch(() => undefined);
  const resumed = `${io.program} train --resume ${quote(path)}`;
  const e = error as Error & { code?: string; origin?: { pass: string } };
  if (e.name === "DivergedError") {
    const poisoned = e.origin?.pass === "parameters" && good;
    return new CLIError(e.message, {
      why: poisoned
        ? `${path}/checkpoints/step-${good.step}.safetensors holds the bad numbers already: remove it to go on from the one before`
        : good
          ? `last good checkpoint: ${path} step ${good.step}${good.heldOut === undefined ? "" : `, val ${good.heldOut.toFixed(3)}`}`
          : "there is no checkpoint yet: it would begin anew",
      remedies: `${resumed} --lr ${+(training.schedule.rate / 10).toPrecision(2)} --clip ${training.clip > 0 ? Math.min(training.clip, 1) : 1}`,
      exitCode: exitCodes.diverged,
      cause: error,
    });
  }
  if (e.name === "BatchMemoryError") {
    const again: Again = (changes) => `${resumed} ${flagsOf(changes)}`;
    const where = good ? `last checkpoint: ${path} step ${good.step}` : "no step was saved yet";
    return outOfMemory(error, training, again, [where]);
  }
  if (e.name === "DeviceLostError" || e.name === "OutOfMemoryError")
    return new CLIError(e.message.split("; ")[0]!, {
      why: good
        ? `last good checkpoint: ${path} step ${good.step}`
        : `${path} has no checkpoint yet: it would begin anew`,
      remedies:
        e.name === "DeviceLostError"
          ? [resumed, `${resumed} --backend wasm`]
          : [
              ...smallerPasses(training).map((flags) => `${resumed} ${flags}`),
              "close other programs",
            ],
      cause: error,
    });
  const shown = explain(error);
  if (e.name !== "SaveError" && e.code === undefined) return error;
  if (!shown) return error;
  const what = shown.cause instanceof Error ? shown.cause.cause : undefined;
  const full = [e.code, (what as { code?: string } | undefined)?.code].includes("ENOSPC");
  return new CLIError(full ? `the disk is full: ${path} could not be saved` : shown.message, {
    why: [
      ...(full ? [shown.message] : shown.why),
      good ? `last good checkpoint: ${path} step ${good.step}` : `${path} has no checkpoint yet`,
    ],
    remedies: full ? `make room, then ${resumed}` : resumed,
    cause: error,
  });
}

/** Flags for the same step in passes of half the size. A device that is full tells too late which would have fitted. */
const smallerPasses = ({ batch, accumulate }: Prepared["training"]): string[] =>
  batch === 1 ? [] : [flagsOf({ batch: Math.ceil(batch / 2), accumulate: 2 * accumulate })];

/** The newest checkpoint, and its held-out loss where it was measured. */
async function lastGood(
  run: Run,
): Promise<{ step: number; heldOut: number | undefined } | undefined> {
  const step = (await run.checkpoints()).at(-1);
  if (step === undefined) return undefined;
  const metric = run.metrics.findLast((m) => m.step === step && typeof m.heldOut === "number");
  return { step, heldOut: metric?.heldOut as number | undefined };
}
