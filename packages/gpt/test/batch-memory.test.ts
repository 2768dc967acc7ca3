import { reference } from "@muladd/backend-reference";
import { init } from "@muladd/nn";
import { type Backend, type BufferId, type DType, OutOfMemoryError } from "@muladd/tensor";
import { expect, it } from "vitest";
import { activationBytes, GPT, gptConfig, largestBatch, plan } from "../src/index.ts";
import { BatchMemoryError, Trainer, trainingConfig } from "../src/train/index.ts";

const config = gptConfig({ vocabulary: 20, context: 16, width: 16, heads: 2, layers: 2 });

it("largestBatch is the last that the plan fits into 95 % of the memory", () => {
  for (const bytes of [1e6, 3e6, 1e9]) {
    const batch = largestBatch(config, bytes);
    const needs = (n: number) => plan(config, { batch: n }).bytes.training.total;
    expect(batch).toBeGreaterThan(0);
    expect(needs(batch)).toBeLessThanOrEqual(0.95 * bytes);
    expect(needs(batch + 1)).toBeGreaterThan(0.95 * bytes);
  }
  expect(largestBatch(config, plan(config).bytes.training.total)).toBe(0);
  expect(activationBytes(config, 2)).toBeGreaterThan(activationBytes(config, 1));
});

/** The reference backend, with room for so much. */
function limited(maxBytes: number): Backend {
  const backend = reference();
  return {
    ...backend,
    limits: { ...backend.limits, maxBytes },
    get memory() {
      return backend.memory;
    },
    alloc(elements: number, dtype: DType): BufferId {
      if (backend.memory.bytes + 4 * elements > maxBytes)
        throw new OutOfMemoryError("reference", 4 * elements, "a limit of the test");
      return backend.alloc(elements, dtype);
    },
  };
}

it("a step that does not fit names the bytes and the largest batch, changes nothing, and that batch trains", async () => {
  const data = {
    train: Int32Array.from({ length: 500 }, (_, i) => i % 20),
    heldOut: new Int32Array(40),
  };
  // The reference composes what it has no fused kernel for, and holds more than planned: the error corrects for that.
  const maxBytes = 1.2 * plan(config, { batch: 16 }).bytes.training.total;
  const trainer = (batch: number) => {
    const backend = limited(maxBytes);
    const model = new GPT(config, init(backend, 1));
    const training = trainingConfig({ batch, steps: 10 });
    return { backend, trainer: new Trainer({ model, config: training, data }) };
  };
  const { backend, trainer: tooMuch } = trainer(1000);
  const held = backend.memory.bytes;
  const error: unknown = await tooMuch.advance().catch((e) => e);
  expect(error).toBeInstanceOf(BatchMemoryError);
  const { bytes, batch, largestBatch: fits, message } = error as BatchMemoryError;
  expect(bytes).toBeGreaterThan(0);
  expect(batch).toBe(1000);
  expect(message).toMatch(
    new RegExp(`^reference: no room for .* MB .*; of batch 1000 at most ${fits} fit: take that`),
  );
  expect(tooMuch.step).toBe(0);
  expect(backend.memory.bytes).toBe(held);
  await expect(tooMuch.evaluate("heldOut", 1)).rejects.toThrow(BatchMemoryError);

  expect(fits).toBeGreaterThan(0);
  const { trainer: fitting } = trainer(fits);
  expect((await fitting.advance()).step).toBe(1);
  expect((await fitting.advanceBy(3)).map(({ step }) => step)).toEqual([2, 3, 4]);
});
