import { SIZES, type TaskName, taskNames } from "@muladd/corpus";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { madeData, quote, readData, storyData } from "../data.ts";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import type { IO } from "../io.ts";
import { offlineOption } from "../model-options.ts";
import {
  backendOption,
  commandLine,
  given,
  integer,
  memoryOption,
  type SharedOptions,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { endWith } from "../program.ts";
import { type Again, outOfMemory } from "../train/memory.ts";
import { describeRun, describeRunAsJSON, measureStep } from "../train/preflight.ts";
import {
  begin,
  freeFolder,
  makeTrainer,
  newestRun,
  type Prepared,
  prepareNew,
  prepareResumed,
} from "../train/prepare.ts";
import { firstWords, samplePrompt } from "../train/prompts.ts";
import { trainSession } from "../train/session.ts";
import { addSettings, type Settings } from "../train/settings.ts";
import { progressOption, resolveMode } from "../ui/mode.ts";
import { heading, say } from "../ui/say.ts";
import { ending } from "../ui/train-views.ts";

interface TrainOptions extends Settings, SharedOptions {
  readonly task?: TaskName;
  readonly from?: string;
  readonly offline?: boolean;
  readonly out?: string;
  readonly resume?: string | true;
  readonly keep: number;
  readonly samplePrompt?: string;
  readonly dryRun?: boolean;
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly memory?: number;
  readonly progress: string;
}

/** `muladd train [data…]` */
export function trainCommand(io: IO): Command {
  const command = verb(io, "train", "Train a GPT from text.", [
    "train",
    "train my.txt --preset medium",
    "train --resume runs/small-1 --steps 4000",
    "train my.txt --from openai-community/gpt2 --context 256 --batch 4",
  ]).argument("[data...]", "text files, joined; - is stdin; none is the embedded stories");
  addSettings(command)
    .addOption(new Option("--sample-prompt <text>", "what samples go on with"))
    .addOption(
      new Option("--keep <n>", "checkpoints to keep beside the best")
        .argParser(integer(1))
        .default(2),
    )
    .addOption(new Option("--task <name>", "a toy task instead of text").choices(taskNames))
    .addOption(
      new Option("-o, --out <dir>", "the run folder (default: the first free runs/NAME-N)"),
    )
    .addOption(
      new Option("--from <model>", "begin with its weights and tokenizer (default --lr: 0.0001)"),
    )
    .addOption(offlineOption())
    .addOption(new Option("--resume [dir]", "go on with a run; without DIR the newest under runs/"))
    .addOption(new Option("--dry-run", "say what it would cost, and stop"))
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(wideOption())
    .addOption(progressOption());
  return command.action((paths: string[], options: TrainOptions) =>
    train(io, command, paths, options),
  );
}

async function train(
  io: IO,
  command: Command,
  paths: readonly string[],
  options: TrainOptions,
): Promise<void> {
  checkCombination(command, paths, options);
  const { mode, why } = resolveMode(io, options.progress, options.quiet);
  const tell = say(io, mode);
  if (why) tell.line(`plain progress, since ${why}; for a live screen: --progress live`);
  const { resume } = options;
  const path =
    resume === undefined
      ? (options.out ?? freeFolder(io, runName(options)))
      : resume === true
        ? newestRun(io)
        : resume;
  if (!options.dryRun) tell.line(heading(io, "train", path));

  using backend = await openBackend(options.backend, options);
  const again: Again = (changes) => commandLine(io, command, changes);
  const prepared =
    resume === undefined
      ? await prepareNew(io, await textOf(io, paths, options), options, path, backend, again)
      : await prepareResumed(io, path, paths, onlyGiven(command, options), backend, again);
  if (options.dryRun) return await dryRun(io, prepared, backend, options.json);
  if ("changed" in prepared && prepared.changed)
    tell.line(`note   the text is not what ${path} began with; going on with the new one`);

  const prompt = samplePrompt(prepared, options.samplePrompt);
  const { run } = prepared;
  const found = await run?.load("newest", (message) => tell.line(`note   ${message}`));
  const { from } = prepared.record;
  if (run && !found && from !== undefined)
    throw new CLIError(`${path} ended before the weights of ${from} were saved`, {
      remedies: [`remove ${path}, and train with --from ${quote(from)} again`],
    });
  if (found && found.step >= prepared.training.steps)
    return finished(io, prepared, found.step, options.json);
  // Before the run's own model is there: else the peak of memory would be that of two.
  const speed =
    mode === "live" || mode === "plain"
      ? await measureStep(prepared, backend).catch((error) => {
          throw outOfMemory(error, prepared.training, again);
        })
      : undefined;
  const { model, trainer } = await makeTrainer(prepared, backend);
  using _ = trainer;
  if (run) {
    if (found) trainer.load(found.file, `${path} step ${found.step}`);
    run.rewind(trainer.step > 0 ? trainer.step : -1);
    tell.line(`resume step ${trainer.step} of ${prepared.training.steps}`);
  }
  for (const line of describeRun(prepared, backend, speed, trainer.step)) tell.line(line);
  tell.line("");

  const begun = await begin(io, prepared);
  // Weights from elsewhere: from now on the run has them itself.
  if (prepared.start)
    await begun.save(await trainer.save()).catch((error: Error) => {
      const { message } = error.cause instanceof Error ? error.cause : error;
      throw new CLIError(`the weights of ${from} could not be saved in ${path}`, {
        why: message,
        remedies: `make room, remove ${path}, and the same command again`,
        cause: error,
      });
    });
  const session = await trainSession({
    io,
    mode,
    prepared,
    run: begun,
    trainer,
    model,
    samplePrompt: prompt,
    keep: options.keep,
  });
  const { summary, signal, score } = session;
  if (options.json)
    io.stdout.write(
      `${JSON.stringify({ v: 1, run: path, ...summary, ...(score ? { exact: score } : {}) })}\n`,
    );
  else {
    const next = signal
      ? `${io.program} train --resume ${quote(path)}`
      : `${io.program} generate ${quote(path)} -p "${firstWords(prepared)}"`;
    io.stdout.write(
      `${signal ? "stopped" : "done  "} ${ending(summary, score)}\nsaved  ${path}\nnext   ${next}\n`,
    );
  }
  if (signal) endWith(io, exitCodes[signal]);
}

function checkCombination(
  command: Command,
  paths: readonly string[],
  { task, from, resume, out, dryRun }: TrainOptions,
): void {
  const conflict = (a: string, b: string, remedies: string[]) => {
    throw new UsageError(`${a} and ${b} exclude each other`, { remedies });
  };
  if (task && paths.length > 0) conflict("--task", "a text file", ["one of them"]);
  if (from !== undefined && given(command, "tokenizer"))
    conflict("--from", "--tokenizer", ["leave --tokenizer out: the model has one"]);
  if (resume === undefined) return;
  if (from !== undefined) conflict("--from", "--resume", ["one of them"]);
  if (out !== undefined) conflict("--resume", "-o", ["leave -o out: the run stays in its folder"]);
  if (task && given(command, "task")) conflict("--resume", flag("task"), ["leave --task out"]);
  if (dryRun) conflict("--resume", "--dry-run", ["leave one of them out"]);
}

/** What a run is called that was given no folder. */
const runName = ({ from, task, preset }: TrainOptions) =>
  from?.replace(/^hf:/, "").split("/").filter(Boolean).at(-1) ?? task ?? preset;

/** The text of a new run. */
const textOf = (io: IO, paths: readonly string[], { task }: TrainOptions) =>
  task
    ? madeData({ kind: "task", task, ...SIZES.task })
    : paths.length > 0
      ? readData(io, paths)
      : storyData();

/** A resumed run keeps its own settings, but for those that were asked for. */
function onlyGiven(command: Command, options: TrainOptions): Partial<Settings> {
  const entries = Object.entries(options).filter(([name]) => given(command, name));
  return Object.fromEntries(entries) as Partial<Settings>;
}

async function dryRun(
  io: IO,
  prepared: Prepared,
  backend: Awaited<ReturnType<typeof openBackend>>,
  json: boolean,
): Promise<void> {
  const step = await measureStep(prepared, backend);
  io.stdout.write(
    json
      ? `${JSON.stringify(describeRunAsJSON(prepared, backend, step))}\n`
      : `${describeRun(prepared, backend, step).join("\n")}\n`,
  );
}

/** A run that has no step left: says so, and how to go on. */
function finished(io: IO, { path, training }: Prepared, step: number, json: boolean): void {
  const more = `${io.program} train --resume ${quote(path)} --steps ${2 * step}`;
  io.stdout.write(
    json
      ? `${JSON.stringify({ v: 1, run: path, type: "done", step, steps: training.steps })}\n`
      : `done   ${path} has done ${step === training.steps ? `its ${step}` : `${step}`} steps already${step > training.steps ? `, and --steps asks for ${training.steps}` : ""}\nnext   ${more}\n`,
  );
}
