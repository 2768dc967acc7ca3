import { reference } from "@muladd/backend-reference";
import { wasm } from "@muladd/backend-wasm";
import { readSafetensors, writeSafetensors } from "@muladd/checkpoint";
import { stories } from "@muladd/corpus";
import { GPT, type GPTConfig, gptConfig } from "@muladd/gpt";
import { splitTokens, Trainer, type TrainingConfig, trainingConfig } from "@muladd/gpt/train";
import { init } from "@muladd/nn";
import type { Backend } from "@muladd/tensor";
import { characters } from "@muladd/tokenizer";
import { describe, expect, test } from "vitest";

const TEXT = stories({ seed: 1, characters: 20_000 });
const tokenizer = characters(TEXT);
const data = splitTokens(tokenizer.encode(TEXT));

/** What the tests differ in. */
interface Variant {
  readonly model?: Partial<GPTConfig>;
  readonly training?: Partial<TrainingConfig>;
}

function create(backend: Backend, { model = {}, training = {} }: Variant, seed = 1): Trainer {
  const sizes = { vocabulary: tokenizer.size, context: 16, width: 24, heads: 3, layers: 2 };
  return new Trainer({
    model: new GPT(gptConfig({ ...sizes, ...model }), init(backend, seed)),
    config: trainingConfig({ steps: 50, batch: 3, evalBatches: 4, schedule, ...training }),
    data,
  });
}

async function losses(trainer: Trainer, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await trainer.advance()).loss);
  return found;
}

const schedule = { kind: "cosine", rate: 5e-3, floor: 5e-4, warmup: 5 } as const;
const sgd = { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 } as const;
const variants: readonly [name: string, variant: Variant][] = [
  ["AdamW", {}],
  ["SGD", { training: { optimizer: sgd, schedule: { kind: "constant", rate: 0.1 } } }],
  ["dropout and accumulated gradients", { model: { dropout: 0.1 }, training: { accumulate: 2 } }],
  ["no biases and exact GELU", { model: { bias: false, activation: "gelu" } }],
];

describe.each(variants)("training with %s", (_, variant) => {
  test("gives the same 50 losses on reference and wasm, to 1e-4", async () => {
    const plain = reference();
    using fast = await wasm();
    const [a, b] = [create(plain, variant), create(fast, variant)];
    const [expected, actual] = [await losses(a, 50), await losses(b, 50)];
    expected.forEach((loss, i) => {
      expect(Math.abs(actual[i]! - loss), `step ${i + 1}`).toBeLessThan(1e-4);
    });
    expect(expected.at(-1)!).toBeLessThan(expected[0]! - 0.3); // it has learned something
    expect(Math.abs((await b.evaluate("heldOut")) - (await a.evaluate("heldOut")))).toBeLessThan(
      1e-4,
    );
  });

  test("on wasm goes on after a checkpoint as if it had never stopped, to the last bit", async () => {
    using backend = await wasm();
    const expected = await losses(create(backend, variant), 20);
    const first = create(backend, variant);
    expect(await losses(first, 10)).toEqual(expected.slice(0, 10));
    const bytes = writeSafetensors(await first.save());
    using other = await wasm();
    const resumed = create(other, variant, 7);
    resumed.load(readSafetensors(bytes));
    expect(await losses(resumed, 10)).toEqual(expected.slice(10));
  });

  test("on wasm makes no buffers from step to step", async () => {
    using backend = await wasm();
    const trainer = create(backend, variant);
    await losses(trainer, 1);
    const { buffers } = backend.memory;
    for (let i = 0; i < 5; i++) {
      await losses(trainer, 1);
      expect(backend.memory.buffers).toBe(buffers);
    }
  });
});
