import { totalmem } from "node:os";
import type { Plan } from "@muladd/gpt";
import type { BatchMemoryError, TrainingConfig } from "@muladd/gpt/train";
import type { Backend } from "@muladd/tensor";
import { CLIError } from "../errors.ts";
import { flag } from "../flags.ts";
import { quantity } from "../ui/format.ts";

/** A command to paste: the one that ran, with other values for some flags. */
export type Again = (changes: Readonly<Record<string, string | number>>) => string;

/** Only the flags, where the command is not known. */
export const flagsOf: Again = (changes) =>
  Object.entries(changes)
    .map(([name, value]) => `${flag(name)} ${value}`)
    .join(" ");

/** Bytes that training can have, and whose they are. */
function memoryOf({ name, limits }: Backend): readonly [number, string] {
  const { maxBytes = Infinity } = limits;
  return maxBytes < totalmem() ? [maxBytes, `the ${name} backend`] : [totalmem(), "this machine"];
}

/** Throws CLIError when a training pass needs more memory than there is: what it needs, and the largest batch that fits. */
export async function checkMemory(planned: Plan, backend: Backend, again: Again): Promise<void> {
  const { total, activations } = planned.bytes.training;
  const [limit, holder] = memoryOf(backend);
  if (total <= limit) return;
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
