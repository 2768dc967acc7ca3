import { type Backend, OutOfMemoryError } from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { largestBatch, trainingBytes } from "../plan-memory.ts";

/** A batch that the memory cannot hold: the bytes asked for, and the largest batch that fits. */
export class BatchMemoryError extends OutOfMemoryError {
  override name = "BatchMemoryError";
  constructor(
    cause: OutOfMemoryError,
    readonly batch: number,
    /** By {@link largestBatch}, of what the backend could hold; 0 where the model alone is too large. */
    readonly largestBatch: number,
  ) {
    const remedy = largestBatch
      ? `of batch ${batch} at most ${largestBatch} fit: take that, and accumulate more passes`
      : "not even a batch of 1 fits: take a smaller context or model, or give the backend more memory";
    super(cause.backend, cause.bytes, cause.detail, remedy);
    this.cause = cause;
  }
}

/** Runs a pass over a batch. Throws {@link BatchMemoryError} where it does not fit. */
export function withRoom<T>(backend: Backend, config: GPTConfig, batch: number, pass: () => T): T {
  try {
    return pass();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    // The plan may promise too much, or the machine refuse what the limit would allow.
    const { peakBytes } = backend.memory;
    const wanted = peakBytes + error.bytes;
    const { maxBytes = Infinity } = backend.limits;
    const had = wanted > maxBytes ? maxBytes : peakBytes;
    const planned = trainingBytes(config, batch);
    const fits = largestBatch(config, had * Math.min(1, planned / wanted));
    throw new BatchMemoryError(error, batch, Math.min(batch - 1, fits));
  }
}
