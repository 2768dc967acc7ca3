import { readSafetensors, type TensorFile, writeSafetensors } from "@muladd/checkpoint";
import { FormatError } from "@muladd/tensor";
import type { Tokenizer, TokenizerJSON } from "@muladd/tokenizer";
import { type GPTConfig, gptConfig } from "../config.ts";
import { type TrainingConfig, trainingConfig } from "./config.ts";
import type { Folder } from "./folder.ts";

/** The version of the run folder that this code writes, and the newest it reads. */
export const RUN_VERSION = 1;

/** What config.json holds. `data` says where the text came from; whoever trains gives it its meaning. */
export interface RunConfig {
  readonly model: GPTConfig;
  readonly training: TrainingConfig;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One line of metrics.jsonl: docs/run-folder.md names the kinds. */
export interface Metric {
  readonly step: number;
  readonly [name: string]: unknown;
}

/** A folder that is not a run, or not one that can be read: what is wrong, and what to do. */
export class RunError extends Error {
  override name = "RunError";
}

/** A file of a run that could not be written. What was saved before is untouched. */
export class SaveError extends Error {
  override name = "SaveError";
}

/**
 * A training run as a folder: config.json, tokenizer.json, metrics.jsonl, checkpoints/step-N.safetensors, summary.json.
 * Each file is replaced whole, so a run that was killed at any moment can be resumed.
 *
 * Whatever writes throws {@link SaveError} when it cannot.
 */
export class Run {
  #metrics: Metric[];

  private constructor(
    readonly folder: Folder,
    public config: RunConfig,
    readonly tokenizer: Tokenizer,
    metrics: Metric[],
  ) {
    this.#metrics = metrics;
  }

  /** Begins a run. Throws {@link RunError} when the folder holds one already. */
  static async create(folder: Folder, config: RunConfig, tokenizer: Tokenizer): Promise<Run> {
    if (await folder.read("config.json"))
      throw new RunError(`${folder.name} holds a run already; resume it, or choose another folder`);
    const run = new Run(folder, config, tokenizer, []);
    await run.#writeJSON("tokenizer.json", await savedForm(tokenizer));
    await run.configure(config.training);
    return run;
  }

  /**
   * Opens a run. Throws {@link RunError} when the folder is not a run, lacks a part or has a damaged one, or was written
   * by a newer version of muladd, and ConfigError for settings that cannot be.
   */
  static async open(folder: Folder): Promise<Run> {
    const json = await readJSON(folder, "config.json");
    if (json === undefined)
      throw new RunError(
        `${folder.name} is not a run: it has no config.json; name a folder that "muladd train" wrote`,
      );
    const { muladd, model, training, data } = (json ?? {}) as Partial<RunConfig> & {
      muladd?: unknown;
    };
    // The version first: a newer one may have other fields.
    if (typeof muladd === "number" && muladd > RUN_VERSION)
      throw new RunError(
        `${folder.name} was written by a newer muladd (run version ${muladd}, this one reads ${RUN_VERSION}); update with: npm install -g muladd@latest`,
      );
    if (typeof muladd !== "number" || !model || !training)
      throw new RunError(
        `${folder.name} is not a muladd run: its config.json was written by something else; name a folder that "muladd train" wrote`,
      );
    const config = {
      model: gptConfig(model),
      training: trainingConfig(training),
      data: data ?? {},
    };
    const tokenizer = await readTokenizer(folder, config.model.vocabulary);
    return new Run(folder, config, tokenizer, await readMetrics(folder));
  }

  /** Writes config.json, with `training` in place of what it was. */
  async configure(training: TrainingConfig): Promise<void> {
    this.config = { ...this.config, training };
    await this.#writeJSON("config.json", { muladd: RUN_VERSION, ...this.config });
  }

  /** Steps at which there is a checkpoint, in order. */
  async checkpoints(): Promise<number[]> {
    const names = await this.folder.list("checkpoints");
    return names
      .flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** Writes a checkpoint. Throws {@link SaveError}, which names the last good one, when it cannot. */
  async save(file: TensorFile): Promise<{ step: number; bytes: number }> {
    const step = Number(file.metadata.step);
    const bytes = writeSafetensors(file);
    const last = (await this.checkpoints().catch(() => [])).at(-1);
    const kept =
      last === undefined ? "there is no earlier one" : `the last good one is step ${last}`;
    await this.#write(
      checkpointPath(step),
      bytes,
      `the checkpoint of step ${step} (${(bytes.length / 1e6).toFixed(1)} MB) could not be saved in ${this.folder.name}; ${kept}`,
    );
    return { step, bytes: bytes.length };
  }

  /**
   * Reads a checkpoint: of a step, the newest, or the best of those by held-out loss. `undefined` when the run has none
   * yet. A damaged newest is passed over for the next older, a damaged best for the newest, and `warn` is told. Throws
   * {@link RunError} when none can be read.
   */
  async load(
    which: number | "newest" | "best" = "newest",
    warn: (message: string) => void = () => {},
  ): Promise<{ step: number; file: TensorFile } | undefined> {
    const steps = await this.checkpoints();
    if (typeof which === "number" && !steps.includes(which))
      throw new RunError(
        `${this.folder.name} has no checkpoint of step ${which}; it has ${steps.join(", ") || "none"}`,
      );
    if (steps.length === 0) return undefined;
    const best = which === "best" ? this.best(steps) : undefined;
    const first = best ? [best.step] : [];
    const order = typeof which === "number" ? [which] : [...first, ...steps.toReversed()];
    let fault = "they are gone";
    for (const step of new Set(order)) {
      const path = checkpointPath(step);
      try {
        const bytes = await this.folder.read(path);
        if (bytes) return { step, file: readSafetensors(bytes, `${this.folder.name}/${path}`) };
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        fault = error.message;
        warn(`${error.message}; passing it over`);
      }
    }
    throw new RunError(
      `${this.folder.name} has no checkpoint that can be read: ${fault}; copy it again, or train anew`,
    );
  }

  /**
   * Removes checkpoints, but the newest `keep` and the best of those there are. With `current`, also those of later
   * steps: damaged ones that were passed over, or of a course that was left.
   */
  async prune(keep: number, current = Infinity): Promise<void> {
    const steps = await this.checkpoints();
    const past = steps.filter((step) => step <= current);
    const best = this.best(past)?.step;
    const kept = past.slice(Math.max(past.length - keep, 0));
    for (const step of steps)
      if (step !== best && !kept.includes(step)) await this.folder.remove(checkpointPath(step));
  }

  /** The smallest held-out loss so far; with `steps`, at one of those. Of equal ones the earliest. */
  best(steps?: readonly number[]): { step: number; heldOut: number } | undefined {
    let best: { step: number; heldOut: number } | undefined;
    for (const { step, heldOut } of this.#metrics)
      if (typeof heldOut === "number" && (!steps || steps.includes(step)))
        if (!best || heldOut < best.heldOut) best = { step, heldOut };
    return best;
  }

  get metrics(): readonly Metric[] {
    return this.#metrics;
  }

  /** Notes a line for metrics.jsonl; {@link flush} writes it. */
  record(metric: Metric): void {
    this.#metrics.push(metric);
  }

  /** Forgets what was recorded after `step`: a resumed run records it again. */
  rewind(step: number): void {
    this.#metrics = this.#metrics.filter((m) => m.step <= step);
  }

  async flush(): Promise<void> {
    const lines = this.#metrics.map((m) => `${JSON.stringify(m)}\n`).join("");
    await this.#write("metrics.jsonl", new TextEncoder().encode(lines));
  }

  /** Writes summary.json: how the run ended. */
  async summarize(summary: object): Promise<void> {
    await this.#writeJSON("summary.json", summary);
  }

  #writeJSON(path: string, value: unknown): Promise<void> {
    return this.#write(path, new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`));
  }

  async #write(
    path: string,
    bytes: Uint8Array,
    what = `${this.folder.name}/${path} could not be saved`,
  ): Promise<void> {
    try {
      await this.folder.write(path, bytes);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const full = code === "ENOSPC" || code === "EDQUOT";
      throw new SaveError(
        `${what}: ${message}; ${full ? "make room" : "see that the folder can be written"}, then resume the run`,
        { cause: error },
      );
    }
  }
}

const checkpointPath = (step: number) => `checkpoints/step-${step}.safetensors`;

/** `undefined` when there is no such file. */
async function readJSON(folder: Folder, path: string): Promise<unknown> {
  const bytes = await folder.read(path);
  if (!bytes) return undefined;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new RunError(
      `${folder.name}/${path} is cut short or damaged: ${(error as Error).message}; copy it again from where the run was made`,
    );
  }
}

// What reads and writes tokenizer.json is loaded when it is needed: it is much, and a page begins without.

/** BPE in Hugging Face's form, whatever it was read from: others read the folder too. */
async function savedForm(tokenizer: Tokenizer): Promise<TokenizerJSON> {
  const { BPETokenizer, huggingFaceJSON } = await import("@muladd/tokenizer");
  return tokenizer instanceof BPETokenizer ? huggingFaceJSON(tokenizer) : tokenizer.toJSON();
}

async function readTokenizer(folder: Folder, vocabulary: number): Promise<Tokenizer> {
  const json = await readJSON(folder, "tokenizer.json");
  const remedy = "copy it from where the run was made";
  if (json === undefined) throw new RunError(`${folder.name} lacks its tokenizer.json; ${remedy}`);
  const { loadTokenizer } = await import("@muladd/tokenizer");
  let tokenizer: Tokenizer;
  try {
    tokenizer = loadTokenizer(json);
  } catch (error) {
    const { message } = error as Error;
    throw new RunError(`${folder.name}/tokenizer.json: ${message}`, { cause: error });
  }
  if (tokenizer.size > vocabulary)
    throw new RunError(
      `${folder.name}/tokenizer.json has ${tokenizer.size} ids, the model ${vocabulary}: it is of another run; ${remedy}`,
    );
  return tokenizer;
}

/** Lines that are not whole are dropped: metrics never stand in the way of a run. */
async function readMetrics(folder: Folder): Promise<Metric[]> {
  const bytes = await folder.read("metrics.jsonl");
  const lines = bytes ? new TextDecoder().decode(bytes).split("\n") : [];
  return lines.flatMap((line) => {
    try {
      const metric = JSON.parse(line) as Metric;
      return typeof metric?.step === "number" ? [metric] : [];
    } catch {
      return [];
    }
  });
}
