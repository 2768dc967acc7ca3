import { wasm } from "@muladd/backend-wasm";
import { webgpu } from "@muladd/backend-webgpu";
import { stories } from "@muladd/corpus";
import { GPT, generate, gptConfig } from "@muladd/gpt";
import { splitTokens, Trainer, trainingConfig } from "@muladd/gpt/train";
import { init, parametersOf } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";
import { characters } from "@muladd/tokenizer";
import { expect, test } from "vitest";

// On an adapter: see tooling/scripts/vulkan.mjs.

const TEXT = stories({ seed: 1, characters: 20_000 });
const tokenizer = characters(TEXT);
const data = splitTokens(tokenizer.encode(TEXT));
const config = gptConfig({
  vocabulary: tokenizer.size,
  context: 16,
  width: 24,
  heads: 3,
  layers: 2,
});

function trainer(backend: Backend): Trainer {
  const schedule = { kind: "cosine", rate: 5e-3, floor: 5e-4, warmup: 5 } as const;
  return new Trainer({
    model: new GPT(config, init(backend, 1)),
    config: trainingConfig({ steps: 100, batch: 3, schedule }),
    data,
  });
}

test("100 losses are those of wasm, to 1e-3", async () => {
  using gpu = await webgpu();
  using cpu = await wasm();
  const [ours, theirs] = [trainer(gpu), trainer(cpu)];
  const found = await ours.advanceBy(100);
  const expected = await theirs.advanceBy(100);
  for (const [i, { loss }] of expected.entries())
    expect(Math.abs(found[i]!.loss - loss), `step ${i + 1}`).toBeLessThan(1e-3);
  expect(expected.at(-1)!.loss).toBeLessThan(expected[0]!.loss - 0.5);
});

test("from the second step on nothing is made on the device, and only losses are read", async () => {
  using gpu = await webgpu();
  const read = gpu.read.bind(gpu);
  let reads = 0;
  Object.assign(gpu, {
    read(buffer: number) {
      reads++;
      return read(buffer);
    },
  });
  const training = trainer(gpu);
  await training.advanceBy(1);
  const { dispatches: before } = gpu.counts;
  await training.advanceBy(1);
  const { buffers, pipelines, bindGroups, dispatches } = gpu.counts;
  for (let i = 0; i < 4; i++) await training.advanceBy(1);
  expect(gpu.counts).toMatchObject({ buffers, pipelines, bindGroups });
  expect(gpu.counts.dispatches - before).toBe(5 * (dispatches - before));
  expect(reads).toBe(6);
  await training.advanceBy(10);
  expect(reads).toBe(7);
});

test("writes the same as wasm, and makes nothing on the device from the third token on", async () => {
  using gpu = await webgpu();
  using cpu = await wasm();
  const write = async (backend: Backend, seen: () => void = () => {}) => {
    const training = trainer(backend);
    await training.advanceBy(30);
    const ids: number[] = [];
    const options = { maxTokens: 40, temperature: 0 }; // past the end of the context
    for await (const { id } of generate(training.model, [1, 2, 3], options)) {
      ids.push(id);
      seen();
    }
    return ids;
  };
  const made: string[] = [];
  const found = await write(gpu, () => {
    const { buffers, pipelines, bindGroups } = gpu.counts;
    made.push(`${buffers} ${pipelines} ${bindGroups}`);
  });
  expect(found).toEqual(await write(cpu));
  expect(new Set(made.slice(2, 12)).size).toBe(1); // the context holds that many
});

test("a model leaves nothing on the device", async () => {
  using gpu = await webgpu();
  const training = trainer(gpu);
  await training.advanceBy(3);
  training[Symbol.dispose]();
  for (const p of parametersOf(training.model)) p[Symbol.dispose]();
  expect(gpu.memory).toMatchObject({ buffers: 0, bytes: 0 });
});
