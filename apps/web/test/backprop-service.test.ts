import { expect, test } from "vitest";
import { type Asked, Engine } from "../src/engine/engine.ts";
import type { RunSettings } from "../src/engine/protocol.ts";

const asked: Asked = { signal: new AbortController().signal, part: () => {} };
const SETTINGS: RunSettings = {
  preset: "tiny",
  data: { kind: "stories", characters: 5000 },
  tokenizer: "char",
  model: { layers: 1, width: 16, context: 16 },
  training: { seed: 5 },
};
const TEXT = { kind: "text", text: "The little dog ran" } as const;

async function begun(backend: string) {
  const engine = new Engine(() => {});
  const { handlers } = engine;
  await handlers.probe(undefined, asked);
  await handlers.useBackend({ name: backend }, asked);
  await handlers.start({ ...SETTINGS, paused: true }, asked);
  return { engine, handlers, session: engine.session };
}
const bits = async (session: Engine["session"]) =>
  Array.from(await session.weightsAt(), ([name, { data }]) => [name, [...data]]);

test("before there is a run, the random model's weights are tried; its traces end with it", async () => {
  const engine = new Engine(() => {});
  const { handlers } = engine;
  await handlers.probe(undefined, asked);
  await handlers.useBackend({ name: "reference" }, asked);
  const trace = await handlers.backpropTrace({ example: TEXT, composed: [] }, asked);
  const { buffers } = engine.backend.memory;
  expect(trace.step).toBeUndefined();

  const weight = { parameter: "tokens.weight", index: 0 };
  const first = await handlers.backpropWeight(
    { trace: trace.id, weight: { parameter: "norm.gain", index: 3 }, values: [1.01], rate: 1 },
    asked,
  );
  expect(first.losses[0]! - trace.value).toBeCloseTo(0.01 * first.gradient, 4);
  expect(first.adam).toBeUndefined();
  const step = { trace: trace.id, rates: [0.1] };
  const { losses, slope } = await handlers.backpropLine(step, asked);
  expect(losses[0]).toBeLessThan(trace.value);
  expect(losses[0]).toBeGreaterThan(trace.value + 0.1 * slope);
  expect(engine.backend.memory.buffers).toBe(buffers);
  const training = { kind: "training", index: 0 } as const;
  await expect(handlers.backpropTrace({ example: training, composed: [] }, asked)).rejects.toThrow(
    /press Train/,
  );
  await expect(
    handlers.backpropApply({ trace: trace.id, rule: "gradient", rate: 0.1 }, asked),
  ).rejects.toThrow(/press Train/);

  await handlers.start({ ...SETTINGS, paused: true }, asked);
  await expect(
    handlers.backpropWeight({ trace: trace.id, weight, values: [], rate: 1 }, asked),
  ).rejects.toThrow(/of another model/);
  const own = await handlers.backpropTrace({ example: TEXT, composed: [] }, asked);
  expect(own.step).toBe(0);
});

test.each(["reference", "wasm"])(
  "every question of the screen leaves no buffer behind on %s",
  async (name) => {
    const { engine, handlers, session } = await begun(name);
    const { memory } = engine.backend;
    const before = memory.buffers;
    const free = () => expect(engine.backend.memory.buffers).toBe(before);

    const trace = await handlers.backpropTrace({ example: TEXT, composed: [] }, asked);
    free();
    expect(trace.tokens.join("")).toBe(TEXT.text.slice(-17));
    expect(trace.cut).toBe(true);
    expect(trace.step).toBe(0);
    const view = await handlers.backpropTensor({ trace: trace.id, key: "grad:0" }, asked);
    expect([view.shownRows, view.shownColumns]).toEqual([view.rows, 16]);

    const parts: unknown[] = [];
    const checked = await handlers.backpropCheck(
      { trace: trace.id, weights: 5 },
      { ...asked, part: (p) => parts.push(p) },
    );
    expect(parts).toEqual(checked);
    expect(checked.map(({ passes }) => passes)).toEqual([true, true, true, true, true]);
    free();

    const rates = [1e-4, 1e-3];
    const line = await handlers.backpropLine({ trace: trace.id, rates }, asked);
    expect(line.loss).toBe(trace.value);
    // First order: what is left is of the square of the step.
    expect((line.losses[0]! - line.loss) / (line.slope * 1e-4)).toBeCloseTo(1, 1);
    free();

    const weight = { parameter: "norm.gain", index: 3 };
    const report = await handlers.backpropWeight(
      { trace: trace.id, weight, values: [1, 1.01], rate: 0.01 },
      asked,
    );
    expect(report.weight).toBe(1);
    expect(report.losses[0]).toBe(trace.value);
    expect(report.losses[1]! - trace.value).toBeCloseTo(0.01 * report.gradient, 4);
    free();

    const own = await bits(session);
    const applied = await handlers.backpropApply(
      { trace: trace.id, rule: "gradient", rate: 0.05 },
      asked,
    );
    free();
    expect(applied.after).toBeLessThan(applied.before);
    expect(session.trainer.step).toBe(0);
    expect(await bits(session)).not.toEqual(own);
    await expect(
      handlers.backpropApply({ trace: trace.id, rule: "gradient", rate: 0.05 }, asked),
    ).rejects.toThrow(/has moved since/);
    expect(await handlers.backpropUndo(undefined, asked)).toEqual({ left: 0 });
    expect(await bits(session)).toEqual(own);
    await expect(handlers.backpropUndo(undefined, asked)).rejects.toThrow(/nothing to take back/);

    const micro = await handlers.backpropExpression(
      { text: "a * b + a", leaves: { a: 3, b: 5 } },
      asked,
    );
    expect(micro.value).toBe(18);
    free();
    await expect(handlers.backpropExpression({ text: "a +", leaves: {} }, asked)).rejects.toThrow(
      /missing/,
    );
    await expect(
      handlers.backpropTrace({ example: { kind: "text", text: "T" }, composed: [] }, asked),
    ).rejects.toThrow(/two at least/);
    await expect(handlers.backpropTensor({ trace: 99, key: "grad:0" }, asked)).rejects.toThrow(
      /gone/,
    );
    free();
    session[Symbol.dispose]();
    expect(engine.backend.memory.buffers).toBe(0);
  },
);

test("AdamW's step of a weight is what is shown, with the run's moments, which stay", async () => {
  const { handlers, session } = await begun("wasm");
  await session.trainer.advanceBy(2);
  const state = await session.trainer.save();
  const rate = 0.01;
  const example = { kind: "training", index: 0 } as const;
  const trace = await handlers.backpropTrace({ example, composed: [] }, asked);
  expect(trace.step).toBe(2);
  const weight = { parameter: "blocks.0.mlp.up.weight", index: 7 };
  const report = await handlers.backpropWeight(
    { trace: trace.id, weight, values: [], rate },
    asked,
  );
  expect(report.adam!.steps).toBe(2);
  await handlers.backpropApply({ trace: trace.id, rule: "adamw", rate }, asked);
  const after = (await session.weightsAt()).get(weight.parameter)!.data[weight.index]!;
  expect(after - report.weight).toBeCloseTo(report.adam!.change, 7);
  const kept = await session.trainer.save();
  for (const [name, { data }] of kept.tensors)
    if (name.startsWith("optimizer.")) expect(data).toEqual(state.tensors.get(name)!.data);

  await session.trainer.advance();
  await expect(handlers.backpropUndo(undefined, asked)).rejects.toThrow(/was trained on since/);
  session[Symbol.dispose]();
});
