import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { CLIError, UsageError } from "../errors.ts";
import { hubName } from "../hub/place.ts";
import { absolute, type IO } from "../io.ts";
import { locateModel } from "../locate.ts";
import { openModel } from "../model.ts";
import { offlineOption } from "../model-options.ts";
import { type SharedOptions, verb } from "../options.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { writeModel } from "./export.ts";

interface Options extends SharedOptions {
  readonly output?: string;
  readonly dtype: "f32" | "f16" | "bf16";
  readonly offline?: boolean;
}

/** `muladd import SRC` */
export function importCommand(io: IO): Command {
  return verb(io, "import", "Fetch a model, or write one in muladd's form of a folder.", [
    "import hf:openai-community/gpt2",
    "import hf:Qwen/Qwen3-0.6B@main -o qwen",
    "import pytorch_model.bin -o folder",
  ])
    .argument("<source>", "hf:ORG/NAME@revision, a folder, or a file of weights")
    .option("-o, --output <folder>", "write it here (default: a hub's model stays in the cache)")
    .addOption(
      new Option("--dtype <type>", "how numbers are stored in -o")
        .choices(["f32", "f16", "bf16"])
        .default("f32"),
    )
    .addOption(offlineOption())
    .action((source: string, options: Options) => importVerb(io, source, options));
}

async function importVerb(io: IO, source: string, options: Options): Promise<void> {
  const { output, offline, quiet, json, dtype } = options;
  const path = output === undefined ? undefined : absolute(io, output);
  if (path !== undefined && existsSync(`${path}/config.json`))
    throw new CLIError(`${output} is there already`, { remedies: "another -o" });
  const place = await locateModel(io, source, { offline, quiet, refresh: true });
  if (path === undefined || output === undefined) {
    if (!hubName(source) || existsSync(absolute(io, source)))
      throw new UsageError("-o is missing: where to write to", { remedies: "-o FOLDER" });
    if (json) writeJSON(io, { v: 1, model: source, path: place.path });
    else writeLines(io, [place.path]);
    return;
  }
  // The reference backend holds numbers as they are read, and needs nothing to be compiled.
  using backend = await openBackend("reference");
  using opened = await openModel(io, source, backend, { offline, quiet });
  await writeModel(io, opened, "hf", path, output, dtype, options);
}
