import { existsSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { SpecialIds } from "@muladd/gpt/huggingface";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { CLIError, UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { modelName } from "../locate.ts";
import { checkpointOption, type OpenModel, openModel } from "../model.ts";
import { MODEL, offlineOption } from "../model-options.ts";
import { type SharedOptions, verb } from "../options.ts";
import { quantity } from "../ui/format.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";

interface Options extends SharedOptions {
  readonly model?: string;
  readonly to: "hf" | "gguf";
  readonly output?: string;
  readonly dtype?: StoredAs;
  readonly checkpoint: number | "best" | "newest";
  readonly offline?: boolean;
}

const STORED = ["f32", "f16", "bf16", "q8_0"] as const;
type StoredAs = (typeof STORED)[number];

/** `muladd export MODEL` */
export function exportCommand(io: IO): Command {
  return verb(io, "export", "Write a model for other programs.", [
    "export runs/small-1 --to hf -o my-model",
    "export runs/small-1 --to gguf -o my-model.gguf",
  ])
    .argument("[model]", MODEL)
    .addOption(new Option("--model <model>", "the same, as a flag"))
    .addOption(
      new Option("--to <form>", "a folder for transformers, or a file for llama.cpp")
        .choices(["hf", "gguf"])
        .default("hf"),
    )
    .option("-o, --output <path>", "the folder, or the file")
    .addOption(
      new Option("--dtype <type>", "how matrices are stored (default: f32; of gguf f16)").choices(
        STORED,
      ),
    )
    .addOption(checkpointOption())
    .addOption(offlineOption())
    .action((model: string | undefined, options: Options) =>
      exportVerb(io, modelName(io, "export", model, options.model), options),
    );
}

async function exportVerb(io: IO, name: string, options: Options): Promise<void> {
  const { to, output } = options;
  const { dtype = to === "gguf" ? "f16" : "f32" } = options;
  if (output === undefined)
    throw new UsageError("-o is missing: where to write to", {
      remedies: to === "gguf" ? "-o model.gguf" : "-o my-model",
    });
  if (to === "hf" && dtype === "q8_0")
    throw new UsageError("--dtype q8_0 is a type of GGUF", {
      remedies: ["--to gguf", "--dtype bf16"],
    });
  const path = absolute(io, output);
  const found = statSync(path, { throwIfNoEntry: false });
  if (to === "hf" && found?.isFile())
    throw new CLIError(`-o ${output} is a file, not a folder`, { remedies: "another -o" });
  if (to === "gguf" ? found !== undefined : existsSync(`${path}/config.json`))
    throw new CLIError(`${output} is there already`, { remedies: "another -o" });
  // The reference backend holds numbers as they are read, and needs nothing to be compiled.
  using backend = await openBackend("reference");
  // --dtype says how numbers are written, not how they are held meanwhile.
  const { checkpoint, offline, quiet } = options;
  using opened = await openModel(io, name, backend, { checkpoint, offline, quiet });
  try {
    await writeModel(io, opened, to, path, output, dtype, options);
  } catch (error) {
    const { notAFlag } = await import("../pretrained.ts");
    throw notAFlag(output, error);
  }
}

/** Writes what was opened, and says where. */
export async function writeModel(
  io: IO,
  opened: OpenModel,
  to: "hf" | "gguf",
  path: string,
  shown: string,
  dtype: StoredAs,
  { json, quiet }: SharedOptions,
): Promise<void> {
  const { nodeTarget } = await import("@muladd/checkpoint");
  const { writeGGUFModel, writePretrained } = await import("@muladd/gpt/huggingface");
  const { model, tokenizer, begin, ends, pretrained } = opened;
  const ids: SpecialIds = pretrained?.ids ?? {
    eos: ends,
    ...(begin === undefined ? {} : { bos: begin }),
  };
  const family = pretrained?.family;
  using progress = new Ticker(io, { quiet, after: 1000 });
  const onProgress = (done: number, total: number) =>
    progress.tick({
      what: `writing ${shown}`,
      done,
      total,
      detail: `: ${quantity(done, "B")} of ${quantity(total, "B")}`,
    });
  const type = dtype.toUpperCase() as Uppercase<StoredAs>; // of its letters alone
  if (to === "gguf") {
    const byteBPE = tokenizer?.kind === "bpe" ? { tokenizer } : {};
    if (tokenizer && tokenizer.kind !== "bpe")
      io.stderr.write(
        `note: a ${tokenizer.kind} tokenizer has no form in GGUF: only ids are understood\n`,
      );
    await writeGGUFModel(
      { ...nodeTarget(dirname(path)), name: dirname(shown) },
      basename(path),
      model,
      {
        dtype: type,
        family,
        ids,
        name: basename(shown, ".gguf"),
        onProgress,
        ...byteBPE,
      },
    );
  } else {
    if (type === "Q8_0") throw new RangeError("Q8_0 is a type of GGUF");
    await writePretrained({ ...nodeTarget(path), name: shown }, model, {
      dtype: type,
      family,
      ids,
      tokenizer,
      generation:
        pretrained && Object.keys(pretrained.generation).length > 0
          ? pretrained.generation
          : undefined,
      chatTemplate: pretrained?.chatTemplate,
      onProgress,
    });
  }
  if (json) writeJSON(io, { v: 1, model: opened.title, form: to, dtype, path: shown });
  else
    writeLines(io, [
      `${opened.title} → ${shown} (${to}, ${dtype})`,
      ...(to === "hf" ? [`next  AutoModelForCausalLM.from_pretrained("${shown}")`] : []),
    ]);
}
