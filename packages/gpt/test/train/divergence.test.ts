import { reference } from "@muladd/backend-reference";
import { namedParameters } from "@muladd/nn";
import { type Backend, log, sumAll, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { readWeights, writeWeights } from "../../src/index.ts";
import { DivergedError, drawBatch, findOrigin, type Trainer } from "../../src/train/index.ts";
import { advance, create, data, type Given } from "./tiny.ts";

const parameter = (trainer: Trainer, name: string) =>
  new Map(namedParameters(trainer.model)).get(name)!;

async function divergence(step: () => Promise<unknown>): Promise<DivergedError> {
  const error = await step().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DivergedError);
  return error as DivergedError;
}

/** Makes one layer's products finite, but their sums too large for float32. */
function overflow(trainer: Trainer): void {
  parameter(trainer, "blocks.0.mlp.up.bias").write(new Float32Array(32).fill(10));
  parameter(trainer, "blocks.0.mlp.down.weight").write(new Float32Array(8 * 32).fill(3e37));
}

const kinds: readonly [name: string, create: () => Backend][] = [
  ["fused", () => reference()],
  ["composed", () => reference({ fused: false })],
];

describe.each(kinds)("on a %s backend", (_, backend) => {
  const variants: readonly Given[] = [{}, { model: { dropout: 0.2 } }];

  test.each(variants)("a NaN in a parameter is named, with the step: %j", async (given) => {
    const trainer = create({ ...given, backend: backend() });
    await advance(trainer, 2);
    const p = parameter(trainer, "blocks.1.mlp.up.weight");
    const values = await p.data();
    values[3] = Number.NaN;
    p.write(values);
    const error = await divergence(() => trainer.advance());
    expect(error.step).toBe(3);
    expect(error.loss).toBeNaN();
    expect(error.origin).toEqual({
      op: "parameter",
      module: "blocks.1.mlp.up.weight",
      pass: "parameters",
    });
    expect(error.message).toBe(
      "training diverged: loss is NaN at step 3 (first in blocks.1.mlp.up.weight, parameter)",
    );
  });

  test.each(variants)("the first op that overflows is named, past all masks: %j", async (given) => {
    const trainer = create({ ...given, backend: backend() });
    overflow(trainer);
    const error = await divergence(() => trainer.advance());
    expect(error.origin!.module).toBe("blocks.0.mlp.down");
    expect(["linear", "matmul"]).toContain(error.origin!.op);
    expect(error.origin!.pass).toBe("forward and backward pass");
    expect(error.message).toContain("at step 1 (first in blocks.0.mlp.down, ");
  });

  test("a head whose logits overflow is named", async () => {
    const trainer = create({ backend: backend() });
    const { vocabulary, width } = trainer.model.config;
    parameter(trainer, "norm.bias").write(new Float32Array(width).fill(3e20));
    const rows = Array.from({ length: vocabulary * width }, (_, i) => Math.floor(i / width));
    parameter(trainer, "tokens.weight").write(rows.map((id) => (id % 2 ? -3e20 : 3e20)));
    const { origin } = await divergence(() => trainer.advance());
    expect(origin!.module).toBe("tokens");
    expect(["linearCrossEntropy", "matmul"]).toContain(origin!.op);
  });

  test("a failed step leaves parameters, moments and step as they were", async () => {
    const memory = backend();
    const trainer = create({ backend: memory });
    await advance(trainer, 2);
    const sound = await readWeights(trainer.model);
    overflow(trainer);
    const before = await trainer.save();
    const { buffers } = memory.memory;
    await divergence(() => trainer.advance());
    expect(await trainer.save()).toEqual(before);
    expect(memory.memory.buffers).toBe(buffers);
    writeWeights(trainer.model, sound, "before");
    expect(await advance(trainer, 3)).toEqual(
      (await advance(create({ backend: backend() }), 5)).slice(2),
    );
  });
});

describe("divergence", () => {
  test("amid steps that are read together undoes those after it, and is told at the next", async () => {
    const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const schedule = { kind: "constant", rate: 1e30 } as const;
    const given = { training: { clip: 0, optimizer, schedule } };
    const alone = create(given);
    const { step } = await divergence(() => advance(alone, 20));
    const series = create(given);
    expect(await series.advanceBy(step + 5)).toHaveLength(step - 1);
    expect(series.step).toBe(step - 1);
    for (const [name, p] of namedParameters(series.model))
      expect(await p.data()).toEqual(await parameter(alone, name).data());
    const error = await divergence(() => series.advanceBy(5));
    expect(error.step).toBe(step);
    expect(error.origin).toEqual((await divergence(() => alone.advance())).origin);
  });

  test("of a huge learning rate ends training, with finite parameters", async () => {
    const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
    const schedule = { kind: "constant", rate: 1e30 } as const;
    const trainer = create({ training: { clip: 0, optimizer, schedule } });
    const error = await divergence(() => advance(trainer, 20));
    expect(error.step).toBeGreaterThan(1);
    expect(error.step).toBe(trainer.step + 1);
    expect(error.message).toMatch(/^training diverged: .* at step \d+ \(first in .+, .+\)$/);
    for (const [, p] of namedParameters(trainer.model))
      expect((await p.data()).every(Number.isFinite)).toBe(true);
  });

  test("of an evaluation is told too", async () => {
    const trainer = create();
    await advance(trainer, 1);
    parameter(trainer, "norm.bias").write(new Float32Array(8).fill(Number.NaN));
    const error = await divergence(() => trainer.evaluate("heldOut"));
    expect(error.message).toBe(
      "training diverged: loss is NaN at step 1 (first in norm.bias, parameter)",
    );
  });

  test("that only a parameter shows is not saved", async () => {
    const trainer = create();
    await advance(trainer, 2);
    parameter(trainer, "norm.bias").write(new Float32Array(8).fill(Infinity));
    const error = await divergence(() => trainer.save());
    expect(error.message).toBe(
      "training diverged: a parameter is not finite at step 2 (first in norm.bias, parameter)",
    );
  });

  test("of the gradient alone names the norm", () => {
    expect(new DivergedError(4, 2.5, Number.NaN, undefined).message).toBe(
      "training diverged: the gradient's norm is NaN at step 4",
    );
  });
});

// Composed, since there each loss of the batch is a float32 of its own.
test("an infinite loss moves nothing, though its gradient is finite", async () => {
  const backend = reference({ fused: false });
  const trainer = create({ backend, training: { clip: 0 } });
  const { batch, seed } = trainer.config;
  const { context, vocabulary, width } = trainer.model.config;
  using drawn = drawBatch(
    backend,
    data.train,
    { batch, context },
    { seed, stream: "data", index: 0 },
  );
  const targets = [...(await drawn.targets.data())];
  const count = (id: number) => targets.filter((t) => t === id).length;
  const rare = targets.reduce((a, b) => (count(b) < count(a) ? b : a));
  const top = Array.from({ length: vocabulary }, (_, id) => id).find((id) => count(id) === 0)!;
  // Logits of ±1.8e38: finite in float32, and the loss of the rare target, their difference, is not.
  const [hidden, row] = [2.5e18, 9e18];
  parameter(trainer, "norm.gain").write(new Float32Array(width));
  parameter(trainer, "norm.bias").write(new Float32Array(width).fill(hidden));
  const share = (id: number) => (id === top ? 1 : id === rare ? -1 : 0.9);
  const rows = Array.from({ length: vocabulary * width }, (_, i) => Math.floor(i / width));
  parameter(trainer, "tokens.weight").write(rows.map((id) => row * share(id)));
  const before = await trainer.save();
  const error = await divergence(() => trainer.advance());
  expect(error.loss).toBe(Infinity);
  expect(error.gradNorm).toBeLessThan(Infinity);
  expect(error.origin!.op).toBe("sub");
  expect(await trainer.save()).toEqual(before);
});

describe("findOrigin", () => {
  test("finds nothing where all is finite, and frees what it looked at", async () => {
    const backend = reference();
    const trainer = create({ backend });
    const ids = Tensor.from(backend, [1, 2, 3], [1, 3], "i32");
    const { buffers } = backend.memory;
    const body = () => tidy(() => void trainer.model.forward(ids));
    expect(await findOrigin(trainer.model, body)).toBeUndefined();
    expect(backend.memory.buffers).toBe(buffers);
  });

  test("blames an op that makes −∞ itself", async () => {
    const backend = reference();
    const zeros = Tensor.from(backend, [1, 0]);
    const body = () => tidy(() => void sumAll(log(zeros)));
    expect(await findOrigin({}, body)).toEqual({
      op: "log",
      module: "input",
      pass: "forward and backward pass",
    });
  });
});
