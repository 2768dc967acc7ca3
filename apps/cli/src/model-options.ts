import { type Command, Option } from "commander";
import { UsageError } from "./errors.ts";
import { checkpointOption } from "./model.ts";
import { backendOption, memoryOption, threadsOption, wideOption } from "./options.ts";
import type { WeightFormat } from "./precision.ts";

/** The flags of a verb that computes with a model. */
export interface ModelOptions {
  readonly model?: string;
  readonly checkpoint: number | "best" | "newest";
  readonly dtype?: "f32" | "f16" | "bf16";
  readonly quantize?: "int8" | "int4";
  readonly offline?: boolean;
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly memory?: number;
}

/** What MODEL is, in the help of verbs. */
export const MODEL =
  "a run's folder, a folder or file of Hugging Face's form or a .gguf, or ORG/NAME of the hub";

export const offlineOption = (): Option =>
  new Option("--offline", "of the hub, use only what the cache has");

/** `[model]` and `--model`, `--checkpoint`, `--dtype`, `--quantize`, `--offline`, and those of the backend. */
export const modelFlags = (command: Command): Command =>
  command
    .argument("[model]", MODEL)
    .addOption(new Option("--model <model>", "the same, as a flag"))
    .addOption(checkpointOption())
    .addOption(
      new Option(
        "--dtype <type>",
        "hold matrices in 4 bytes a number, or in 2 (default: f32)",
      ).choices(["f32", "f16", "bf16"]),
    )
    .addOption(
      new Option("--quantize <type>", "or in 1.125 bytes, or in 0.625").choices(["int8", "int4"]),
    )
    .addOption(offlineOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(wideOption());

/** What `--dtype` and `--quantize` ask for. */
export function weightFormat({
  dtype,
  quantize,
}: Pick<ModelOptions, "dtype" | "quantize">): WeightFormat {
  if (dtype !== undefined && quantize !== undefined)
    throw new UsageError(`--dtype ${dtype} and --quantize ${quantize} exclude each other`, {
      remedies: "one of them",
    });
  return quantize ?? dtype ?? "f32";
}
