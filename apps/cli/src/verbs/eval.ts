import type { DataRecord } from "@muladd/corpus";
import type { Backend } from "@muladd/tensor";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { quote, readData, recallData } from "../data.ts";
import { encodeText } from "../encode-text.ts";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import { type Score, score } from "../held-out.ts";
import type { IO, Signal } from "../io.ts";
import { modelName } from "../locate.ts";
import { type OpenModel, openModel } from "../model.ts";
import { type ModelOptions, modelFlags, weightFormat } from "../model-options.ts";
import { integer, number, type SharedOptions, verb } from "../options.ts";
import { endWith } from "../program.ts";
import { takeExam } from "../train/exam.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { bar } from "../ui/draw.ts";
import { integer as grouped, guess, quantity } from "../ui/format.ts";
import { resolveMode } from "../ui/mode.ts";
import { columns, writeJSON, writeLines } from "../ui/table.ts";
import { Window } from "../ui/window.ts";

interface Options extends SharedOptions, ModelOptions {
  readonly batches?: number;
  readonly maxLoss?: number;
  readonly compare?: boolean;
}

const QUESTIONS = 100;

/** `muladd eval MODEL [data…]` */
export function evalCommand(io: IO): Command {
  const command = verb(io, "eval", "Measure a model: loss, perplexity, bits per byte.", [
    "eval runs/small-1",
    "eval runs/small-1 other.txt",
    "eval runs/small-1 --max-loss 1.92",
    "eval runs/small-1 --compare",
    "eval openai-community/gpt2 other.txt --quantize int8",
  ]);
  return modelFlags(command)
    .argument("[data...]", "text files; none is the text that the run held out")
    .addOption(
      new Option("--batches <n>", "random batches instead of the whole text").argParser(integer(1)),
    )
    .addOption(
      new Option("--max-loss <nats>", "exit with 5 when the loss is above").argParser(number),
    )
    .option("--compare", "the loss with weights in f32, bf16, int8 and int4, side by side")
    .action((model: string | undefined, paths: string[], options: Options) => {
      // With --model, the first argument is a text already.
      const given = options.model !== undefined && model !== undefined ? [model, ...paths] : paths;
      const first = options.model === undefined ? model : undefined;
      return evaluate(io, modelName(io, "eval", first, options.model), given, options);
    });
}

async function evaluate(
  io: IO,
  path: string,
  paths: readonly string[],
  options: Options,
): Promise<void> {
  using backend = await openBackend(options.backend, options);
  if (options.compare) return compare(io, path, paths, options, backend);
  using opened = await openModel(io, path, backend, { ...options, weights: weightFormat(options) });
  const measured = await measure(io, opened, path, paths, options);
  if (!measured) return;
  const { name, exact, ...result } = measured;
  const { loss, perplexity, bitsPerByte, bytes } = result;
  const { step } = opened;
  const by = step === undefined ? path : `step ${step}`;
  io.stdout.write(
    options.json
      ? `${JSON.stringify({ v: 1, ...nameOf(opened, path), data: name, ...result, ...(exact ? { exact } : {}) })}\n`
      : [
          `loss           ${loss.toFixed(4)} nats a token = ${guess(loss) || "worse than chance"}`,
          `perplexity     ${perplexity < 1e5 ? perplexity.toFixed(3) : perplexity.toExponential(3)}`,
          `bits per byte  ${bitsPerByte.toFixed(4)}`,
          ...(exact ? [`exact          ${exact.right}/${exact.of}`] : []),
          `over           ${grouped(result.tokens)} tokens, ${grouped(bytes)} bytes of ${name}, by ${by}`,
          "",
        ].join("\n"),
  );
  const { maxLoss } = options;
  if (maxLoss !== undefined && !(loss <= maxLoss))
    throw new CLIError(`the loss ${loss.toFixed(4)} is above --max-loss ${maxLoss}`, {
      exitCode: exitCodes.checkFailed,
    });
}

/** What a program is told of which model was measured. */
const nameOf = ({ run, step }: OpenModel, path: string) =>
  run ? { run: path, checkpoint: step } : { model: path };

const COMPARED = ["f32", "bf16", "int8", "int4"] as const;

/** The loss of one model in each format, over the same tokens. */
async function compare(
  io: IO,
  path: string,
  paths: readonly string[],
  options: Options,
  backend: Backend,
): Promise<void> {
  for (const flag of ["dtype", "quantize", "maxLoss"] as const)
    if (options[flag] !== undefined)
      throw new UsageError(`--compare and --${flag.toLowerCase()} exclude each other`, {
        remedies: "one of them",
      });
  const { weightBytes } = await import("@muladd/gpt");
  const rows: { weights: string; bytes: number; loss: number; bitsPerByte: number }[] = [];
  let over: object = {};
  for (const weights of COMPARED) {
    using opened = await openModel(io, path, backend, { ...options, weights });
    const measured = await measure(io, opened, path, paths, options);
    if (!measured) return;
    const { loss, bitsPerByte, tokens, name: data } = measured;
    rows.push({ weights, bytes: weightBytes(opened.model.config, weights), loss, bitsPerByte });
    over = { ...nameOf(opened, path), data, tokens };
  }
  if (options.json) return writeJSON(io, { v: 1, ...over, compare: rows });
  const first = rows[0]!.loss;
  writeLines(
    io,
    columns(
      [
        ["weights", "bytes", "loss", "change", "bits per byte"],
        ...rows.map(({ weights, bytes, loss, bitsPerByte }) => [
          weights,
          quantity(bytes, "B"),
          loss.toFixed(4),
          `${loss < first ? "" : "+"}${(loss - first).toFixed(4)}`,
          bitsPerByte.toFixed(4),
        ]),
      ],
      "lrrrr",
    ),
  );
}

type Measured = Score & {
  readonly name: string;
  readonly exact: { right: number; of: number } | undefined;
};

/** Scores a model on texts, or on what its run held out; `undefined` after Ctrl-C. */
async function measure(
  io: IO,
  { run, model, tokenizer, title }: OpenModel,
  path: string,
  paths: readonly string[],
  options: Options,
): Promise<Measured | undefined> {
  if (!tokenizer)
    throw new CLIError(`${title} has no tokenizer: no text can be measured`, {
      why: "that would be tokenizer.json, or vocab.json and merges.txt, beside its config.json",
    });
  const { splitTokens } = await import("@muladd/gpt/train");
  // What train wrote: a run keeps it without knowing its shape.
  const { source, split } = (run?.config.data ?? {}) as unknown as Partial<DataRecord>;
  const own = paths.length === 0;
  if (own && (source === undefined || split === undefined))
    throw new UsageError(`${path} has no text of its own to be measured on`, {
      remedies: `${io.program} eval ${quote(path)} FILE`,
    });
  const data =
    own && source
      ? await recallData(io, source, path, `eval ${quote(path)} FILE`)
      : await readData(io, paths);
  const all = encodeText(tokenizer, data.text, path, data.name);
  const tokens = own ? splitTokens(all, split).heldOut : all;
  const { context } = model.config;
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
  try {
    const { batch, seed } = run?.config.training ?? { batch: 1, seed: 0 };
    const random = options.batches === undefined ? undefined : { batches: options.batches, seed };
    const result = await score(model, tokenizer, tokens, {
      batch,
      random,
      signal: abort.signal,
      onProgress: (share) => {
        if (live) window.draw(() => [`eval ${bar(share, 30, utf8)} ${Math.floor(100 * share)}%`]);
      },
    });
    const exact =
      own && source?.kind === "task"
        ? await takeExam(model, tokenizer, source.task, QUESTIONS, abort.signal)
        : undefined;
    if (!signal) return { ...result, exact, name: own ? `${data.name}, held out` : data.name };
  } finally {
    window.close();
    off();
  }
  endWith(io, exitCodes[signal]);
  return undefined;
}
