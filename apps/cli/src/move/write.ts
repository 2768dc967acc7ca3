import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Family } from "@muladd/gpt/huggingface";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import { absolute, type IO, type Signal } from "../io.ts";
import type { OpenModel } from "../model.ts";
import { notAFlag } from "../pretrained.ts";
import { quantity } from "../ui/format.ts";
import { Ticker } from "../ui/ticker.ts";
import type { FloatType, Source } from "./source.ts";

export interface WriteOptions {
  /** Default: as the source has them. */
  readonly dtype?: FloatType | "Q8_0" | undefined;
  readonly quiet: boolean;
}

/** What was written, for a person and for JSON. */
export interface Written {
  readonly form: "hf" | "gguf";
  /** As the user called it. */
  readonly out: string;
  readonly family: string;
  readonly dtype: FloatType | "Q8_0";
  /** Beside each other in the folder; of GGUF the one. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Why the file has no tokenizer, though the model has one. */
  readonly lacksTokenizer?: string;
}

/** Throws CLIError when `out` is there and not an empty folder. */
export function checkFolder(io: IO, out: string): void {
  const path = absolute(io, out);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory())
    throw new CLIError(`${out} is a file`, { remedies: "-o with a folder that is new or empty" });
  const names = readdirSync(path);
  if (names.length > 0)
    throw new CLIError(`${out} is not empty`, {
      why: `it has ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and more" : ""}`,
      remedies: "-o with a folder that is new or empty",
    });
}

/** Throws CLIError when there is something at `out`. */
export function checkFile(io: IO, out: string): void {
  if (!existsSync(absolute(io, out))) return;
  throw new CLIError(`${out} is there already`, { remedies: "-o with another name" });
}

/** What transformers reads beside the tokenizer, and muladd does not make: taken along as it is. */
const ALONG = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

/**
 * Writes a model as a folder that transformers loads. It is there whole, or not at all. Throws CLIError when the folder is not
 * empty, when no family has such a model, and after Ctrl-C.
 */
export async function writeFolder(
  io: IO,
  source: Source,
  out: string,
  { dtype = source.dtype, quiet }: WriteOptions,
): Promise<Written> {
  if (dtype === "Q8_0")
    throw new UsageError("--dtype q8_0 is a type of GGUF", {
      remedies: ["--to gguf", "--dtype bf16"],
    });
  checkFolder(io, out);
  const { place } = source;
  const { model, tokenizer, pretrained } = source.opened;
  const family = await familyOf(source.opened);
  const [{ nodeTarget }, { writePretrained }] = await Promise.all([
    import("@muladd/checkpoint"),
    import("@muladd/gpt/huggingface"),
  ]);
  const generation = pretrained?.generation ?? {};
  const path = absolute(io, out);
  const temporary = join(dirname(path), `.${basename(path)}-${process.pid}.tmp`);
  try {
    const files = await following(io, out, quiet, (onProgress) =>
      writePretrained(nodeTarget(temporary), model, {
        family,
        dtype,
        tokenizer,
        ids: pretrained?.ids,
        ...(Object.keys(generation).length > 0 && { generation }),
        chatTemplate: pretrained?.chatTemplate,
        onProgress,
      }),
    );
    if (place.kind === "folder")
      for (const name of ALONG.filter((name) => existsSync(join(place.path, name)))) {
        copyFileSync(join(place.path, name), join(temporary, name));
        files.push(name);
      }
    const bytes = files.reduce((sum, name) => sum + statSync(join(temporary, name)).size, 0);
    if (existsSync(path)) rmdirSync(path); // empty: Windows renames onto nothing that is there
    renameSync(temporary, path);
    return { form: "hf", out, family: family.modelType, dtype, files, bytes };
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw notAFlag(source.opened.title, error);
  }
}

/** The same as one GGUF file; a tokenizer that such a file cannot hold is left out. */
export async function writeGGUFFile(
  io: IO,
  source: Source,
  out: string,
  { dtype = source.dtype, quiet }: WriteOptions,
): Promise<Written> {
  checkFile(io, out);
  const { model, tokenizer, title, pretrained } = source.opened;
  const family = await familyOf(source.opened);
  const [{ nodeTarget }, { ggufLacks, writeGGUFModel }] = await Promise.all([
    import("@muladd/checkpoint"),
    import("@muladd/gpt/huggingface"),
  ]);
  const lacks = tokenizer && ggufLacks(tokenizer, model.config.vocabulary);
  const path = absolute(io, out);
  await following(io, out, quiet, (onProgress) =>
    writeGGUFModel(nodeTarget(dirname(path)), basename(path), model, {
      family,
      dtype,
      tokenizer: lacks === undefined ? tokenizer : undefined,
      ids: pretrained?.ids,
      name: title,
      onProgress,
    }),
  ).catch((error: unknown) => {
    throw notAFlag(title, error);
  });
  const { size: bytes } = statSync(path);
  const files = [basename(path)];
  const written = { form: "gguf", out, family: family.modelType, dtype, files, bytes } as const;
  return lacks === undefined ? written : { ...written, lacksTokenizer: lacks };
}

/** Bytes written, and to write. */
type OnProgress = (written: number, total: number) => void;

/** Runs `write` with progress on stderr. After Ctrl-C it ends with the tensor; a second one ends the process. */
async function following<T>(
  io: IO,
  out: string,
  quiet: boolean,
  write: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  let signal: Signal | undefined;
  const off = io.onSignal((name) => {
    if (signal) io.exit(exitCodes[name]);
    signal = name;
  });
  using progress = new Ticker(io, { quiet, after: 1000 });
  try {
    return await write((done, total) => {
      if (signal)
        throw new CLIError(`writing ${out} was interrupted`, {
          why: "nothing of it is left",
          exitCode: exitCodes[signal],
        });
      const detail = `: ${quantity(done, "B")} of ${quantity(total, "B")}`;
      progress.tick({ what: `writing ${out}`, done, total, detail });
    });
  } finally {
    off();
  }
}

/** The family that a model came from, or the first that can say what it is. Throws CLIError when there is none. */
async function familyOf({ model, pretrained, title }: OpenModel): Promise<Family> {
  const { familyFor } = await import("@muladd/gpt/huggingface");
  try {
    return pretrained?.family ?? familyFor(model.config);
  } catch (error) {
    throw notAFlag(title, error);
  }
}
