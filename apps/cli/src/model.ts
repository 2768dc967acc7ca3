import { statSync } from "node:fs";
import type { GPT } from "@muladd/gpt";
import type { Pretrained } from "@muladd/gpt/huggingface";
import type { Folder, Run } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import type { Tokenizer } from "@muladd/tokenizer";
import { Option } from "commander";
import { quote } from "./data.ts";
import { CLIError, UsageError } from "./errors.ts";
import { absolute, type IO } from "./io.ts";
import { locateModel, noModel } from "./locate.ts";
import { checkWeights, ownerOf, type WeightFormat } from "./precision.ts";

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

/** Throws CLIError when there is no such folder. */
async function checkFolder(io: IO, path: string): Promise<void> {
  const found = statSync(absolute(io, path), { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found) throw new CLIError(`${path} is a file, not the folder of a run`);
  throw await noModel(io, path, "run");
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

/** A model, ready to be used. Disposing frees its weights. */
export interface OpenModel extends Disposable {
  readonly model: GPT;
  /** Absent where a folder or a file has none: then ids are all that can be given and got. */
  readonly tokenizer: Tokenizer | undefined;
  /** Ids that end a text. */
  readonly ends: readonly number[];
  /** The id that begins a text, where the model has one. */
  readonly begin: number | undefined;
  /** Whose checkpoint it is; absent for what others wrote. */
  readonly run: Run | undefined;
  readonly step: number | undefined;
  /** "runs/small-1 step 400", "openai-community/gpt2". */
  readonly title: string;
  /** Closed: what its files say beside the weights. */
  readonly pretrained?: Pretrained;
}

export interface OpenModelOptions {
  /** Of a run. Default "best", by held-out loss. */
  readonly checkpoint?: number | "best" | "newest";
  /** How matrices are held. Default "f32". */
  readonly weights?: WeightFormat;
  /** Of the hub, use only what the cache has. */
  readonly offline?: boolean | undefined;
  readonly quiet?: boolean;
}

/**
 * Opens a model on `backend`: of a run, a folder, a file or the hub. What is passed over, such as a damaged checkpoint, is
 * noted on stderr. Throws CLIError for what is not there, not whole, not supported, or larger than the memory.
 */
export async function openModel(
  io: IO,
  name: string,
  backend: Backend,
  { checkpoint, weights = "f32", ...hub }: OpenModelOptions = {},
): Promise<OpenModel> {
  const place = await locateModel(io, name, hub);
  if (place.kind !== "run") {
    if (checkpoint !== undefined && checkpoint !== "best")
      throw new UsageError("--checkpoint is for a run", {
        why: `${name} was not written by muladd train`,
        remedies: "leave it out",
      });
    const { loadPretrained } = await import("./pretrained.ts");
    return loadPretrained(io, place, backend, weights, hub.quiet);
  }
  const run = await openRun(io, name);
  const found = await run.load(checkpoint ?? "best", (text) => io.stderr.write(`note: ${text}\n`));
  if (!found) throw noCheckpoint(io, name);
  const [{ GPT, writeWeights }, { modelTensors }, { blank }] = await Promise.all([
    import("@muladd/gpt"),
    import("@muladd/gpt/train"),
    import("@muladd/nn"),
  ]);
  await checkWeights(run.config.model, weights, backend);
  const title = `${name} step ${found.step}`;
  const model = new GPT(run.config.model, blank(backend, { weights }));
  writeWeights(model, modelTensors(found.file.tensors), title);
  return {
    model,
    tokenizer: run.tokenizer,
    ends: [],
    begin: undefined,
    run,
    step: found.step,
    title,
    ...(await ownerOf(model)),
  };
}

export const noCheckpoint = (io: IO, name: string): CLIError =>
  new CLIError(`${name} has no checkpoint yet`, {
    remedies: `${io.program} train --resume ${quote(name)}`,
  });
