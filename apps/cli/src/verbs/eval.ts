import type { DataRecord } from "@muladd/corpus";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { quote, readData, recallData } from "../data.ts";
import { encodeText } from "../encode-text.ts";
import { CLIError, exitCodes } from "../errors.ts";
import { score } from "../held-out.ts";
import type { IO, Signal } from "../io.ts";
import { checkpointOption, openModel } from "../model.ts";
import {
  backendOption,
  integer,
  memoryOption,
  number,
  type SharedOptions,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { endWith } from "../program.ts";
import { takeExam } from "../train/exam.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { bar } from "../ui/draw.ts";
import { integer as grouped, guess } from "../ui/format.ts";
import { resolveMode } from "../ui/mode.ts";
import { Window } from "../ui/window.ts";

interface Options extends SharedOptions {
  readonly batches?: number;
  readonly maxLoss?: number;
  readonly checkpoint: number | "best" | "newest";
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly memory?: number;
}

const QUESTIONS = 100;

/** `muladd eval RUN [data…]` */
export function evalCommand(io: IO): Command {
  return verb(io, "eval", "Measure a model: loss, perplexity, bits per byte.", [
    "eval runs/small-1",
    "eval runs/small-1 other.txt",
    "eval runs/small-1 --max-loss 1.92",
  ])
    .argument("<run>", "the folder of a run")
    .argument("[data...]", "text files; none is the text that the run held out")
    .addOption(
      new Option("--batches <n>", "random batches instead of the whole text").argParser(integer(1)),
    )
    .addOption(
      new Option("--max-loss <nats>", "exit with 5 when the loss is above").argParser(number),
    )
    .addOption(checkpointOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(wideOption())
    .action((path: string, paths: string[], options: Options) =>
      evaluate(io, path, paths, options),
    );
}

async function evaluate(
  io: IO,
  path: string,
  paths: readonly string[],
  options: Options,
): Promise<void> {
  const { splitTokens } = await import("@muladd/gpt/train");
  using backend = await openBackend(options.backend, options);
  const warn = (message: string) => io.stderr.write(`note: ${message}\n`);
  const { run, model, step } = await openModel(io, path, backend, options.checkpoint, warn);
  const { tokenizer } = run;
  // What train wrote: a run keeps it without knowing its shape.
  const { source, split } = run.config.data as unknown as DataRecord;
  const own = paths.length === 0;
  const data = own
    ? await recallData(io, source, path, `eval ${quote(path)} FILE`)
    : await readData(io, paths);
  const all = encodeText(tokenizer, data.text, path, data.name);
  const tokens = own ? splitTokens(all, split).heldOut : all;
  const { context } = run.config.model;
  const least = options.batches === undefined ? 2 : context + 1;
  if (tokens.length < least)
    throw new CLIError(`${data.name} has ${tokens.length} tokens, too few to measure`, {
      why:
        options.batches === undefined
          ? "one token must be predicted at least"
          : `a batch needs ${context + 1}: the context, and the token after it`,
    });

  const abort = new AbortController();
  let signal: Signal | undefined;
  const window = new Window(io.stderr);
  const off = io.onSignal((name) => {
    if (signal) io.exit(exitCodes[name]);
    signal = name;
    abort.abort();
  });
  const live = resolveMode(io, "auto", options.quiet).mode === "live";
  const utf8 = showsUTF8(io.env);
  let result: Awaited<ReturnType<typeof score>>;
  let exact: { right: number; of: number } | undefined;
  try {
    const { batch, seed } = run.config.training;
    const random = options.batches === undefined ? undefined : { batches: options.batches, seed };
    result = await score(model, tokenizer, tokens, {
      batch,
      random,
      signal: abort.signal,
      onProgress: (share) => {
        if (live) window.draw(() => [`eval ${bar(share, 30, utf8)} ${Math.floor(100 * share)}%`]);
      },
    });
    if (own && source.kind === "task")
      exact = await takeExam(model, tokenizer, source.task, QUESTIONS, abort.signal);
  } finally {
    window.close();
    off();
  }
  if (signal) {
    endWith(io, exitCodes[signal]);
    return;
  }
  const { loss, perplexity, bitsPerByte, bytes } = result;
  const name = own ? `${data.name}, held out` : data.name;
  io.stdout.write(
    options.json
      ? `${JSON.stringify({ v: 1, run: path, checkpoint: step, data: name, ...result, ...(exact ? { exact } : {}) })}\n`
      : [
          `loss           ${loss.toFixed(4)} nats a token = ${guess(loss) || "worse than chance"}`,
          `perplexity     ${perplexity < 1e5 ? perplexity.toFixed(3) : perplexity.toExponential(3)}`,
          `bits per byte  ${bitsPerByte.toFixed(4)}`,
          ...(exact ? [`exact          ${exact.right}/${exact.of}`] : []),
          `over           ${grouped(result.tokens)} tokens, ${grouped(bytes)} bytes of ${name}, by step ${step}`,
          "",
        ].join("\n"),
  );
  const { maxLoss } = options;
  if (maxLoss !== undefined && !(loss <= maxLoss))
    throw new CLIError(`the loss ${loss.toFixed(4)} is above --max-loss ${maxLoss}`, {
      exitCode: exitCodes.checkFailed,
    });
}
