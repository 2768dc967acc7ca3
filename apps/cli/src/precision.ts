import type { GPT, GPTConfig } from "@muladd/gpt";
import type { Backend } from "@muladd/tensor";
import { CLIError, exitCodes } from "./errors.ts";
import { checkTensors, memoryOf } from "./train/memory.ts";
import { quantity } from "./ui/format.ts";

/** How the numbers of matrices are held; arithmetic is f32. From the most bytes to the fewest. */
export const weightFormats = ["f32", "bf16", "f16", "int8", "int4"] as const;
export type WeightFormat = (typeof weightFormats)[number];

/** The flag that asks for a format. */
export const formatFlag = (format: WeightFormat): string =>
  `${format.startsWith("int") ? "--quantize" : "--dtype"} ${format}`;

/**
 * Throws CLIError when a model's weights are more than `backend` can hold: the bytes that they need, those that there are, and
 * the formats that fit.
 */
export async function checkWeights(
  config: GPTConfig,
  format: WeightFormat,
  backend: Backend,
): Promise<void> {
  const { weightBytes } = await import("@muladd/gpt");
  const needed = weightBytes(config, format);
  const [limit, holder] = memoryOf(backend);
  if (needed <= limit) {
    if (format === "f32") checkTensors(config, backend);
    return;
  }
  const fitting = weightFormats.filter((f) => f !== "f16" && weightBytes(config, f) <= limit);
  throw new CLIError(`the model needs ${quantity(needed, "B")} of memory in ${format}`, {
    why: [
      `${holder} has ${quantity(limit, "B")}`,
      ...fitting.map((f) => `in ${f} it needs ${quantity(weightBytes(config, f), "B")}`),
    ],
    remedies:
      fitting.length > 0
        ? fitting.map(formatFlag)
        : ["--memory with more", `it needs ${quantity(weightBytes(config, "int4"), "B")} in int4`],
    exitCode: exitCodes.unavailable,
  });
}

/** What frees the weights of a model, packed ones too. */
export async function ownerOf(model: GPT): Promise<Disposable> {
  const { namedWeights } = await import("@muladd/nn");
  return {
    [Symbol.dispose]() {
      for (const [, weight] of namedWeights(model)) weight[Symbol.dispose]();
    },
  };
}
