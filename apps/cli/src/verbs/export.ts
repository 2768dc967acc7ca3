import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import { checkpointOption } from "../model.ts";
import { MODEL, offlineOption } from "../model-options.ts";
import { openSource } from "../move/source.ts";
import { dtypeOption, floatType, tell } from "../move/tell.ts";
import { checkFile, checkFolder, writeFolder, writeGGUFFile } from "../move/write.ts";
import { type SharedOptions, verb } from "../options.ts";

interface Options extends SharedOptions {
  readonly to?: "hf" | "gguf";
  readonly output?: string;
  readonly dtype?: string;
  readonly checkpoint: number | "best" | "newest";
  readonly offline?: boolean;
}

/** `muladd export MODEL` */
export function exportCommand(io: IO): Command {
  return verb(io, "export", "Write a model for transformers or llama.cpp.", [
    "export runs/small-1 --to hf -o my-gpt",
    "export runs/small-1 --to gguf -o my-gpt.gguf --dtype f16",
    "export openai-community/gpt2 -o gpt2.gguf --dtype q8_0",
  ])
    .argument("<model>", MODEL)
    .addOption(
      new Option(
        "--to <form>",
        "a Hugging Face folder, or one GGUF file (default: gguf for -o NAME.gguf, else hf)",
      ).choices(["hf", "gguf"]),
    )
    .option("-o, --output <path>", "a folder that is new or empty, or a new file")
    .addOption(dtypeOption("q8_0"))
    .addOption(checkpointOption())
    .addOption(offlineOption())
    .action(async (name: string, options: Options) => {
      const { output: out } = options;
      if (out === undefined)
        throw new UsageError("-o is missing: where to write to", {
          remedies: options.to === "gguf" ? "-o model.gguf" : "-o my-model",
        });
      const { to = out.endsWith(".gguf") ? "gguf" : "hf" } = options;
      if (to === "hf") checkFolder(io, out);
      else checkFile(io, out);
      using source = await openSource(io, name, options);
      const dtype = floatType(options.dtype);
      const write = to === "hf" ? writeFolder : writeGGUFFile;
      const written = await write(io, source, out, { dtype, quiet: options.quiet });
      tell(io, source, written, options);
    });
}
