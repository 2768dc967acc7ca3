import { totalmem } from "node:os";
import type { GPTConfig, Plan } from "@muladd/gpt";
import type { BatchMemoryError, TrainingConfig } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { isWebGPU } from "../backend.ts";
import { CLIError, exitCodes } from "../errors.ts";
import { flag } from "../flags.ts";
import { quantity } from "../ui/format.ts";

/** A command to paste: the one that ran, with other values for some flags. */
export type Again = (changes: Readonly<Record<string, string | number>>) => string;

/** Only the flags, where the command is not known. */
export const flagsOf: Again = (changes) =>
  Object.entries(changes)
    .map(([name, value]) => `${flag(name)} ${value}`)
    .join(" ");

/** Bytes that training can have, and whose they are. A GPU with memory of its own does not tell how much. */
export function memoryOf(backend: Backend): readonly [number, string] {
  const { name, limits } = backend;
  const own = isWebGPU(backend) && !backend.facts.software;
  const { maxBytes = Infinity } = limits;
  if (own) return [maxBytes, `the ${name} backend`];
  return maxBytes < totalmem() ? [maxBytes, `the ${name} backend`] : [totalmem(), "this machine"];
}

/** Throws CLIError when a training pass needs more memory than there is: what it needs, and the largest batch that fits. */
export async function checkMemory(planned: Plan, backend: Backend, again: Again): Promise<void> {
  const { total, activations } = planned.bytes.training;
  const [limit, holder] = memoryOf(backend);
  if (total <= limit) return checkTensors(planned.config, backend, planned.training.batch);
  const { largestBatch } = await import("@muladd/gpt");
  const { batch, accumulate } = planned.training;
  const fits = largestBatch(planned.config, limit);
  const remedies = [];
  if (fits > 0) remedies.push(again(passes(batch * accumulate, fits)));
  if (backend.name === "wasm") {
    const { features } = await import("@muladd/backend-wasm");
    const most = Math.min(totalmem(), features().memory64 ? 16 * 2 ** 30 : 2 ** 32);
    const enough = Math.ceil((1.1 * total) / 1e6);
    if (enough * 1e6 < most) remedies.push(again({ memory: `${enough}M` }));
  }
  if (fits === 0) remedies.push("a smaller --context", "--preset small");
  throw new CLIError(`the model needs ${quantity(total, "B")} of memory to train`, {
    why: [
      `${holder} has ${quantity(limit, "B")}: weights, gradients and moments take ${quantity(total - activations, "B")}, activations ${quantity(activations, "B")}`,
      fits > 0 ? `of batch ${batch} at most ${fits} fit at once` : "not even a batch of 1 fits",
    ],
    remedies,
  });
}

/**
 * Throws CLIError when the largest tensor of a model, or of a training pass over `batch` sequences, is more than one buffer of
 * the backend holds: its bytes, the limit, and the largest that fits.
 */
export function checkTensors(
  { vocabulary: V, width: C, context: T }: GPTConfig,
  { name, limits, kernels }: Backend,
  batch = 0,
): void {
  const most = Math.floor(limits.maxBufferBytes / 4);
  const held = `buffers of the ${name} backend hold at most ${quantity(limits.maxBufferBytes, "B")}`;
  if (V * C > most)
    throw new CLIError(
      `the token embedding, ${V} × ${C}, is one tensor of ${quantity(4 * V * C, "B")}`,
      {
        why: [
          held,
          `the largest that fits: ${Math.floor(most / C)} tokens of width ${C}, or width ${Math.floor(most / V)} for ${V} tokens`,
        ],
        remedies: "--backend wasm",
        exitCode: exitCodes.unavailable,
      },
    );
  // The widest rows of a pass: the mlp's, or the logits where no kernel takes them tile by tile.
  const row = T * Math.max(4 * C, kernels.linearCrossEntropy ? 0 : V);
  if (batch * row <= most) return;
  const fits = Math.floor(most / row);
  throw new CLIError(`a batch of ${batch} has a tensor of ${quantity(4 * batch * row, "B")}`, {
    why: [
      held,
      fits > 0 ? `of batch ${batch} at most ${fits} fit at once` : "not even a batch of 1 fits",
    ],
    remedies: [
      ...(fits > 0 ? [flagsOf(passes(batch, fits))] : ["a smaller --context"]),
      "--backend wasm",
    ],
    exitCode: exitCodes.unavailable,
  });
}

/** Flags for `sequences` a step, at most `most` at once. */
const passes = (sequences: number, most: number): { batch: number; accumulate: number } => {
  const accumulate = Math.ceil(sequences / most);
  return { batch: Math.ceil(sequences / accumulate), accumulate };
};

/**
 * A batch that turned out not to fit, with the largest that does. `again` makes the command to paste; `where` says what was
 * saved. Any other error as it is.
 */
export function outOfMemory(
  error: unknown,
  { batch, accumulate }: TrainingConfig,
  again: Again,
  where: readonly string[] = [],
): unknown {
  if (!(error instanceof Error) || error.name !== "BatchMemoryError") return error;
  const { largestBatch } = error as BatchMemoryError;
  const [what = "", fits = ""] = error.message.split("; ");
  return new CLIError(what, {
    why: [fits, ...where],
    remedies:
      largestBatch > 0
        ? again(passes(batch * accumulate, largestBatch))
        : ["a smaller --context", "--memory with more"],
    cause: error,
  });
}
