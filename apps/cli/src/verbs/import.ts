import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { quote } from "../data.ts";
import { UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { locateModel } from "../locate.ts";
import { MODEL, offlineOption } from "../model-options.ts";
import { openSource } from "../move/source.ts";
import { dtypeOption, floatType, tell } from "../move/tell.ts";
import { checkFolder, writeFolder } from "../move/write.ts";
import { type SharedOptions, verb } from "../options.ts";
import { notAFlag } from "../pretrained.ts";
import { writeJSON, writeLines } from "../ui/table.ts";

interface Options extends SharedOptions {
  readonly output?: string;
  readonly dtype?: string;
  readonly offline?: boolean;
}

/** `muladd import SOURCE` */
export function importCommand(io: IO): Command {
  return verb(io, "import", "Fetch a model of the hub, or write any as a Hugging Face folder.", [
    "import hf:openai-community/gpt2",
    "import hf:HuggingFaceTB/SmolLM2-135M@main -o smol",
    "import old/pytorch_model.bin -o new",
  ])
    .argument("<source>", `${MODEL}: hf:ORG/NAME[@revision]`)
    .addOption(
      new Option(
        "-o, --output <folder>",
        "new or empty; without it a model of the hub stays in its cache",
      ),
    )
    .addOption(dtypeOption())
    .addOption(offlineOption())
    .action((name: string, options: Options) => importVerb(io, name, options));
}

async function importVerb(io: IO, name: string, options: Options): Promise<void> {
  const { output: out, offline, quiet, json } = options;
  const local = existsSync(absolute(io, name));
  if (out === undefined && local)
    throw new UsageError("-o is missing: where to write to", {
      why: `${name} is on this machine already`,
      remedies: [`${io.program} generate ${quote(name)}`, "-o with a folder to write it to"],
    });
  if (out !== undefined) checkFolder(io, out);
  else if (options.dtype !== undefined)
    throw new UsageError("--dtype is of what -o writes", { remedies: "-o with a folder" });
  if (!local) await checkConfig(io, name, options);
  const place = await locateModel(io, name, { refresh: true, offline, quiet });
  if (out === undefined) {
    if (json) return writeJSON(io, { v: 1, model: name, path: place.path });
    return writeLines(io, [
      `${name} is in ${place.path}`,
      `  ${io.program} generate ${quote(name)} -p "Once upon"`,
      `  ${io.program} inspect ${quote(name)}`,
    ]);
  }
  using source = await openSource(io, name, options);
  const written = await writeFolder(io, source, out, { dtype: floatType(options.dtype), quiet });
  tell(io, source, written, options);
}

/** Throws CLIError for a model that is not supported, before its weights are fetched. */
async function checkConfig(io: IO, name: string, { offline, quiet }: Options): Promise<void> {
  const { readConfig } = await import("@muladd/gpt/huggingface");
  const { path } = await locateModel(io, name, { needs: "config", refresh: true, offline, quiet });
  try {
    readConfig(readFileSync(join(path, "config.json"), "utf8"), `${name}/config.json`);
  } catch (error) {
    throw notAFlag(name, error);
  }
}
