import type { DataRecord } from "@muladd/corpus";
import type { Run } from "@muladd/gpt/train";
import { Rng } from "@muladd/tensor";
import { type Data, quote, readData, recallData } from "../data.ts";
import { encodeText } from "../encode-text.ts";
import { CLIError } from "../errors.ts";
import type { IO } from "../io.ts";
import type { CheckBatch } from "./weights.ts";

/** Tokens that the oracle reads for each loss: two sequences of at most 16, so that 50 weights take seconds. */
const [SEQUENCES, LENGTH] = [2, 16];

/** A few sequences of the files given, or else of the text that a run was trained on. */
export async function realBatch(
  io: IO,
  run: Run,
  files: readonly string[],
  seed: number,
): Promise<CheckBatch> {
  const { text, name } = files.length > 0 ? await readData(io, files) : await recall(io, run);
  const tokens = encodeText(run.tokenizer, text, run.folder.name, name);
  const T = Math.min(LENGTH, run.config.model.context);
  if (tokens.length < T + 1)
    throw new CLIError(`${name} is too short`, {
      why: `${T + 1} tokens are needed, it has ${tokens.length}`,
    });
  const rng = new Rng(seed, "gradcheck batch");
  const [ids, targets] = [new Int32Array(SEQUENCES * T), new Int32Array(SEQUENCES * T)];
  for (let b = 0; b < SEQUENCES; b++) {
    const start = rng.integer(tokens.length - T);
    ids.set(tokens.subarray(start, start + T), b * T);
    targets.set(tokens.subarray(start + 1, start + 1 + T), b * T);
  }
  return { ids, targets, shape: [SEQUENCES, T] };
}

function recall(io: IO, run: Run): Promise<Data> {
  const { name } = run.folder;
  // What train wrote: a run keeps it without knowing its shape.
  const { source } = run.config.data as unknown as DataRecord;
  return recallData(io, source, name, `gradcheck ${quote(name)} FILE`);
}
