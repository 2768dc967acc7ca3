import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CLIError, UsageError } from "./errors.ts";
import { hubName } from "./hub/place.ts";
import { hubSnapshot, type SnapshotOptions } from "./hub/snapshot.ts";
import { absolute, type IO } from "./io.ts";

/** Where a model is. */
export interface ModelPlace {
  /** What `muladd train` wrote, what Hugging Face's tools write, or one file of weights. */
  readonly kind: "run" | "folder" | "file";
  /** Absolute. */
  readonly path: string;
  /** As the user called it. */
  readonly name: string;
}

/**
 * Finds what MODEL means: a folder or a file that is there, else a model of the hub, which is fetched. A name whose first
 * part is a folder here is never asked of the hub without `hf:`. Throws CLIError when there is nothing of that name.
 */
export async function locateModel(
  io: IO,
  name: string,
  options: SnapshotOptions = {},
): Promise<ModelPlace> {
  const path = absolute(io, name);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return { kind: "file", path, name };
  if (found?.isDirectory()) {
    const kind = folderKind(path);
    if (kind) return { kind, path, name };
    throw new CLIError(`${name} holds no model: it has no config.json`, {
      why: "a model is a run of muladd train, a folder in Hugging Face's form, or a file of weights",
    });
  }
  const repo = hubName(name);
  const first = name.slice(0, name.indexOf("/"));
  const isLocal = first === "runs" || existsSync(absolute(io, first));
  if (!repo || (isLocal && !name.startsWith("hf:")))
    throw await noModel(io, name, first === "runs" ? "run" : "model");
  return { kind: "folder", path: await hubSnapshot(io, repo, options), name };
}

/** Whose a folder's config.json is; a run's where that cannot be told, since only runs can be damaged by us. */
function folderKind(path: string): "run" | "folder" | undefined {
  const file = join(path, "config.json");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const names = ["model_type", "architectures"];
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // Python writes NaN, which is no JSON: the reader will name the field that has it.
    return names.some((name) => text.includes(`"${name}"`)) ? "folder" : "run";
  }
  const isTheirs = typeof config === "object" && config !== null && names.some((n) => n in config);
  return isTheirs ? "folder" : "run";
}

/** An error for what is not there, with the run under runs/ that was probably meant. */
export async function noModel(io: IO, name: string, what: "run" | "model"): Promise<CLIError> {
  const runs = absolute(io, "runs");
  const names = existsSync(runs) ? readdirSync(runs) : [];
  const { nearest } = await import("@muladd/gpt");
  const meant = nearest(name.replace(/^(\.\/)?runs\//, ""), names);
  return new CLIError(`there is no ${what} ${name}`, {
    why: [
      ...(what === "model" ? ["it is no folder or file here, and no ORG/NAME of the hub"] : []),
      names.length > 0 ? `runs/ has ${names.join(", ")}` : "there is none under runs/ here",
    ],
    ...(meant
      ? { remedies: `runs/${meant}` }
      : names.length > 0
        ? {}
        : { remedies: [`${io.program} demo`, `${io.program} train FILE`] }),
  });
}

/** The model that a verb is asked for: its argument, or `--model`. */
export function modelName(
  io: IO,
  verb: string,
  argument: string | undefined,
  flag: string | undefined,
): string {
  if (argument !== undefined && flag !== undefined)
    throw new UsageError(`${argument} and --model ${flag} are two models`, {
      remedies: "one of them",
    });
  const name = argument ?? flag;
  if (name === undefined)
    throw new UsageError("there is no model", {
      why: "it is a run's folder, a folder or file in Hugging Face's form, or ORG/NAME of the hub",
      remedies: `${io.program} ${verb} --help`,
    });
  return name;
}
