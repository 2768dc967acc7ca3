import { existsSync, readdirSync, statSync } from "node:fs";
import type { GPT } from "@muladd/gpt";
import type { Folder, Run } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { Option } from "commander";
import { quote } from "./data.ts";
import { CLIError, UsageError } from "./errors.ts";
import { absolute, type IO } from "./io.ts";
import { checkTensors } from "./train/memory.ts";

/** Folders of runs, as messages call them: by the path that the user gave. */
export async function runFolder(io: IO, path: string): Promise<Folder> {
  const { nodeFolder } = await import("@muladd/gpt/train");
  return { ...nodeFolder(absolute(io, path)), name: path };
}

/** Opens a run folder. Throws RunError, or what the file system says, under the path that the user gave. */
export async function openRun(io: IO, path: string): Promise<Run> {
  const { Run } = await import("@muladd/gpt/train");
  await checkFolder(io, path);
  try {
    return await Run.open(await runFolder(io, path));
  } catch (error) {
    const e = error as Error & { readonly field?: string };
    if (e.name === "ConfigError")
      throw new CLIError(`${path}/config.json: ${e.message.split("; ")[0]}`, {
        why: "it was changed by hand, or damaged",
        cause: error,
      });
    if (e.name === "TokenizerFormatError")
      throw new CLIError(`${path}/tokenizer.json: ${e.message}`, { cause: error });
    throw error;
  }
}

/** Throws CLIError when there is no such folder, with the run under runs/ that was probably meant. */
async function checkFolder(io: IO, path: string): Promise<void> {
  const found = statSync(absolute(io, path), { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found) throw new CLIError(`${path} is a file, not the folder of a run`);
  const runs = absolute(io, "runs");
  const names = existsSync(runs) ? readdirSync(runs) : [];
  const { nearest } = await import("@muladd/gpt");
  const meant = nearest(path.replace(/^(\.\/)?runs\//, ""), names);
  throw new CLIError(`there is no run ${path}`, {
    why: names.length > 0 ? `runs/ has ${names.join(", ")}` : "there is none under runs/ here",
    ...(meant
      ? { remedies: `runs/${meant}` }
      : names.length > 0
        ? {}
        : { remedies: [`${io.program} demo`, `${io.program} train FILE`] }),
  });
}

/** What `--checkpoint` takes: a step, "best" or "newest". */
export function checkpointChoice(text: string): number | "best" | "newest" {
  if (text === "best" || text === "newest") return text;
  const step = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(step) || step < 0)
    throw new UsageError(`--checkpoint ${text} is not possible`, {
      why: "it is a step, best or newest",
    });
  return step;
}

/** `--checkpoint N|best|newest` */
export const checkpointOption = (): Option =>
  new Option("--checkpoint <which>", "a step, best or newest")
    .argParser(checkpointChoice)
    .default("best");

/** A trained model, ready to be used. */
export interface OpenModel {
  readonly run: Run;
  readonly model: GPT;
  /** Of the checkpoint. */
  readonly step: number;
}

/**
 * Opens the model of a run on `backend`. `which`: the checkpoint; "best" by held-out loss. `warn` is told of damaged
 * checkpoints that were passed over. Throws CLIError when the run has no checkpoint yet.
 */
export async function openModel(
  io: IO,
  path: string,
  backend: Backend,
  which: number | "best" | "newest" = "best",
  warn: (message: string) => void = () => {},
): Promise<OpenModel> {
  const run = await openRun(io, path);
  const found = await run.load(which, warn);
  if (!found)
    throw new CLIError(`${path} has no checkpoint yet`, {
      remedies: `${io.program} train --resume ${quote(path)}`,
    });
  const [{ GPT, writeWeights }, { modelTensors }, { blank }] = await Promise.all([
    import("@muladd/gpt"),
    import("@muladd/gpt/train"),
    import("@muladd/nn"),
  ]);
  checkTensors(run.config.model, backend);
  const model = new GPT(run.config.model, blank(backend));
  writeWeights(model, modelTensors(found.file.tensors), `${path} step ${found.step}`);
  return { run, model, step: found.step };
}
