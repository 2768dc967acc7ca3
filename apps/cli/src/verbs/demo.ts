import { SPLIT } from "@muladd/corpus";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { quote, storyData } from "../data.ts";
import { exitCodes } from "../errors.ts";
import type { IO } from "../io.ts";
import {
  backendOption,
  integer,
  number,
  type SharedOptions,
  seedOption,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { endWith } from "../program.ts";
import { describeRun, measureStep } from "../train/preflight.ts";
import { begin, freeFolder, makeTrainer, type Prepared, prepareNew } from "../train/prepare.ts";
import { trainSession } from "../train/session.ts";
import type { Settings } from "../train/settings.ts";
import { WordWrap } from "../ui/cells.ts";
import { integer as grouped } from "../ui/format.ts";
import { progressOption, resolveMode } from "../ui/mode.ts";
import { heading, say } from "../ui/say.ts";
import { ending } from "../ui/train-views.ts";

interface Options extends SharedOptions {
  readonly seconds: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly progress: string;
}

const LEAST_STEPS = 120;
const MOST_STEPS = 3000;
/** A busy machine may take this much longer than was measured; then the demo ends early. */
const PATIENCE = 1.25;
/** Milliseconds of measuring: the engine optimizes its code in the first second. */
const MEASURE_MS = 1500;
/** Seconds of a step from which a smaller model writes better after the same time. */
const SLOW = 0.3;
const SAMPLES = 6;
const STORY_TOKENS = 200;

/** `muladd demo`, which `npm start` runs. */
export function demoCommand(io: IO): Command {
  return verb(io, "demo", "Train a small GPT on simple stories, now, and read what it writes.", [
    "demo",
    "demo --seconds 20",
  ])
    .addOption(
      new Option("--seconds <n>", "of training, about: as many steps as were measured to fit")
        .argParser(number)
        .default(60),
    )
    .addOption(
      new Option("--steps <n>", "of training, whatever time they take").argParser(integer(1)),
    )
    .addOption(seedOption("another model (default: 0)"))
    .addOption(
      new Option("-o, --out <dir>", "the run folder (default: the first free runs/demo-N)"),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(wideOption())
    .addOption(progressOption())
    .action((options: Options) => demo(io, options));
}

async function demo(io: IO, options: Options): Promise<void> {
  const { mode, why } = resolveMode(io, options.progress, options.quiet);
  const tell = say(io, mode);
  if (why) tell.line(`plain progress, since ${why}; for a live screen: --progress live`);
  const path = options.out ?? freeFolder(io, "demo");
  tell.line(heading(io, "demo", path));

  using backend = await openBackend(options.backend, options);
  const data = await storyData();
  const prepare = (size: Size, steps: number) =>
    prepareNew(io, data, settings(size, steps, options.seed), path, backend);
  let prepared = await prepare(MODEL, options.steps ?? LEAST_STEPS);
  let step: number | undefined;
  if (options.steps !== undefined) step = await measureStep(prepared, backend);
  else {
    let size = MODEL;
    step = await measureStep(prepared, backend, MEASURE_MS);
    if (step === undefined || step > SLOW) {
      size = SMALLER;
      prepared = await prepare(size, LEAST_STEPS);
      step = await measureStep(prepared, backend, MEASURE_MS);
    }
    if (step !== undefined) prepared = await prepare(size, stepsIn(options.seconds, step));
  }
  for (const line of introduction(prepared)) tell.line(line);
  for (const line of describeRun(prepared, backend, step)) tell.line(line);
  tell.line("");

  const { model, trainer } = await makeTrainer(prepared, backend);
  using _ = trainer;
  const session = await trainSession({
    io,
    mode,
    prepared,
    run: await begin(io, prepared),
    trainer,
    model,
    samplePrompt: "\n",
    keep: 1,
    ...(options.steps === undefined ? { mostSeconds: options.seconds * PATIENCE } : {}),
  });
  const { summary, signal } = session;
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ v: 1, run: path, ...summary })}\n`);
  } else {
    if (!signal) {
      io.stdout.write(`After ${grouped(summary.step)} steps it writes:\n\n`);
      await tellStory(io, prepared, model);
      io.stdout.write("\n");
    }
    const run = quote(path);
    const next: [string, string][] = signal
      ? [[`${io.program} train --resume ${run}`, "go on"]]
      : [
          [`${io.program} generate ${run} -p "The cat"`, "let it go on with your words"],
          [`${io.program} train FILE`, "train one on your own text"],
          [`${io.program} plan gpt3`, "the same at the size of GPT-3"],
        ];
    const longest = Math.max(...next.map(([command]) => command.length));
    const about = (text: string) => (7 + longest + 3 + text.length < 80 ? `   ${text}` : "");
    const lines = next.map(([c, text], i) =>
      `${i ? "      " : "next  "} ${c.padEnd(longest)}${about(text)}`.trimEnd(),
    );
    io.stdout.write(
      `${signal ? "stopped" : "done  "} ${ending(summary, undefined)}\nsaved  ${path}\n${lines.join("\n")}\n`,
    );
  }
  if (signal) endWith(io, exitCodes[signal]);
}

type Size = Pick<Settings, "preset" | "tokenizer"> & Partial<Settings>;

// Of the sizes tried on two cores, the one with the fewest bits per byte after a minute (0.64; characters in place of
// a BPE: 1.96). Wide and shallow, on whole words, is quick to learn.
const MODEL: Size = {
  preset: "small",
  tokenizer: "bpe:1024",
  layers: 2,
  heads: 4,
  width: 128,
  context: 48,
  batch: 10,
  lr: 4e-3,
};
const SMALLER: Size = { preset: "tiny", tokenizer: "bpe:512" };

/** As many steps as fit, and the samples divide. */
function stepsIn(seconds: number, step: number): number {
  const unit = 10 * SAMPLES;
  const fit = Math.floor(seconds / step / unit) * unit;
  return Math.min(Math.max(fit, LEAST_STEPS), MOST_STEPS);
}

function settings(size: Size, steps: number, seed: number | undefined): Settings {
  const every = Math.max(Math.floor(steps / SAMPLES), 1);
  return {
    ...size,
    split: SPLIT,
    steps,
    ...(seed === undefined ? {} : { seed }),
    evalEvery: every,
    evalBatches: 10,
    sampleEvery: every,
    saveEvery: every,
  };
}

const introduction = ({ plan, config }: Prepared): string[] => [
  "",
  `A GPT of ${grouped(plan.parameters.total)} random numbers reads simple stories and learns to guess the`,
  `next token. Guessing blindly costs ${plan.training.lossBefore.toFixed(2)} nats: one of ${config.vocabulary} tokens is right. Every`,
  "step multiplies and adds, finds how each number changed the error, and moves it",
  "a little. The loss falls, and noise turns into words and sentences.",
  "",
];

/** One story, streamed, from the beginning to where the model ends it. */
async function tellStory(
  io: IO,
  { tokenizer, training }: Prepared,
  model: Parameters<typeof import("@muladd/gpt")["generate"]>[0],
): Promise<void> {
  const { generate } = await import("@muladd/gpt");
  const decoder = tokenizer.decoder();
  const lines = new WordWrap(io.stdout.isTTY ? io.stdout.columns - 1 : Infinity);
  const options = { maxTokens: STORY_TOKENS, temperature: 0.7, seed: training.seed };
  for await (const { id } of generate(model, tokenizer.encode("\n\n"), options))
    io.stdout.write(lines.push(decoder.push(id)));
  io.stdout.write(`${lines.push(`${decoder.flush()} …\n`)}`);
}
