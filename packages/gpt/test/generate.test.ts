import { reference } from "@muladd/backend-reference";
import { init } from "@muladd/nn";
import { Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import {
  type Choice,
  ConfigError,
  type GenerateOptions,
  GPT,
  type GPTConfig,
  generate,
} from "../src/index.ts";

const CONTEXT = 8;
const VOCABULARY = 11;

/** A model with large weights, so that its text has some variety. */
function create(backend = reference(), config: Partial<GPTConfig> = {}): GPT {
  const sizes = { vocabulary: VOCABULARY, context: CONTEXT, width: 8, heads: 2, layers: 2 };
  const { normal, ...rest } = init(backend, 6);
  const wide = {
    ...rest,
    normal: (shape: readonly number[], std: number) => normal(shape, 30 * std),
  };
  return new GPT({ ...sizes, ...config }, wide);
}
const prompt = (length: number) => Array.from({ length }, (_, i) => (3 * i * i + 2) % VOCABULARY);

async function collect(
  model: GPT,
  ids: ArrayLike<number>,
  options?: GenerateOptions,
): Promise<Choice[]> {
  const choices: Choice[] = [];
  for await (const choice of generate(model, ids, options)) choices.push(choice);
  return choices;
}
const written = async (...args: Parameters<typeof collect>) =>
  (await collect(...args)).map((c) => c.id);

describe("generate", () => {
  const model = create();

  describe.each([
    ["greedy", { temperature: 0 }],
    ["sampled", { temperature: 1.2, topP: 0.95, seed: 4 }],
  ])("%s", (_, options) => {
    test.each([1, 2, 5, 7, 8, 9, 20])(
      "writes the same after %d tokens with the cache and without, beyond the context too",
      async (length) => {
        const all = { ...options, maxTokens: 30 };
        const cached = await collect(model, prompt(length), all);
        const fresh = await collect(model, prompt(length), { ...all, cache: false });
        expect(cached).toEqual(fresh);
        expect(cached).toHaveLength(30);
        expect(new Set(cached.map((c) => c.id)).size).toBeGreaterThan(2);
      },
    );
  });

  test("each token is what the whole model says of those before", async () => {
    const ids = prompt(3);
    for await (const { id } of generate(model, ids, { temperature: 0, maxTokens: 5 })) {
      const input = Tensor.from(model.tokens.weight.backend, ids, [1, ids.length], "i32");
      const logits = (await model.forward(input).data()).slice(-VOCABULARY);
      expect(id).toBe(logits.indexOf(Math.max(...logits)));
      ids.push(id);
    }
    expect(ids).toHaveLength(8);
  });

  test("when the context is full goes on from its newest three quarters", async () => {
    const ids = prompt(CONTEXT);
    const [first, second] = await collect(model, ids, { temperature: 0, maxTokens: 2 });
    const window = [...ids, first!.id].slice(-6);
    expect(await collect(model, window, { temperature: 0, maxTokens: 1 })).toEqual([second]);
  });

  test("of a prompt longer than the context reads the end", async () => {
    const long = prompt(20);
    expect(await collect(model, long, { maxTokens: 3 })).toEqual(
      await collect(model, long.slice(-CONTEXT), { maxTokens: 3 }),
    );
  });

  test("works with a context of one token", async () => {
    const narrow = create(reference(), { context: 1 });
    for (const cache of [true, false])
      expect(await collect(narrow, [3, 4], { maxTokens: 4, cache })).toHaveLength(4);
  });

  test("is decided by its seed, and leaves its prompt alone", async () => {
    const ids = Int32Array.from(prompt(4));
    const a = await written(model, ids, { seed: 1, maxTokens: 30 });
    expect(await written(model, ids, { seed: 1, maxTokens: 30 })).toEqual(a);
    expect(await written(model, ids, { seed: 2, maxTokens: 30 })).not.toEqual(a);
    expect([...ids]).toEqual(prompt(4));
  });

  test("writes 100 tokens unless told otherwise, and none when told so", async () => {
    expect(await collect(model, [1])).toHaveLength(100);
    expect(await collect(model, [1], { maxTokens: 0 })).toEqual([]);
  });

  test("ends with the first stop id, and yields it", async () => {
    const free = await written(model, [1], { temperature: 0, maxTokens: 20 });
    const stop = free[2]!;
    const expected = free.slice(0, free.indexOf(stop) + 1);
    expect(await written(model, [1], { temperature: 0, stop: [stop] })).toEqual(expected);
  });

  test("lists the alternatives of each choice", async () => {
    const [choice] = await collect(model, [1], { candidates: 3, maxTokens: 1 });
    expect(choice!.candidates).toHaveLength(3);
  });

  test("ends at a signal, before the next token", async () => {
    const controller = new AbortController();
    const ids: number[] = [];
    for await (const { id } of generate(model, [1], { signal: controller.signal })) {
      ids.push(id);
      if (ids.length === 4) controller.abort();
    }
    expect(ids).toHaveLength(4);
    expect(await collect(model, [1], { signal: AbortSignal.abort() })).toEqual([]);
  });

  test("frees its memory: after 50 calls, after a break, after a signal, after an error", async () => {
    using backend = reference();
    const own = create(backend);
    const before = backend.memory.buffers;
    for (let i = 0; i < 50; i++)
      await collect(own, prompt(1 + (i % 10)), { maxTokens: 5, cache: i % 5 > 0, seed: i });
    expect(backend.memory.buffers).toBe(before);
    let seen = 0;
    for await (const _ of generate(own, [1])) {
      expect(backend.memory.buffers).toBeGreaterThan(before);
      if (++seen === 3) break;
    }
    expect(backend.memory.buffers).toBe(before);
    const controller = new AbortController();
    for await (const _ of generate(own, [1], { signal: controller.signal })) controller.abort();
    expect(backend.memory.buffers).toBe(before);
    own.norm!.gain.write(new Float32Array(8).fill(Number.NaN));
    await expect(collect(own, [1])).rejects.toThrow("its weights are damaged or diverged");
    expect(backend.memory.buffers).toBe(before);
  });

  test("takes no memory for a cache that it does not use", async () => {
    using backend = reference();
    const own = create(backend);
    const before = backend.memory.buffers;
    for await (const _ of generate(own, [1], { cache: false, maxTokens: 1 }))
      expect(backend.memory.buffers).toBe(before + 1); // the logits
  });

  test.each([
    [[], RangeError, "the prompt has no tokens"],
    [[1, 11], RangeError, "id 11 is outside of the vocabulary 0 … 10"],
    [[-1], RangeError, "id -1 is outside of the vocabulary"],
    [[1.5], RangeError, "id 1.5 is outside of the vocabulary"],
  ])("refuses the prompt %j", async (ids, type, message) => {
    await expect(collect(model, ids)).rejects.toThrow(type);
    await expect(collect(model, ids)).rejects.toThrow(message);
  });

  test.each([
    [{ maxTokens: -1 }, "maxTokens is -1; it is a whole number, 0 or more"],
    [{ maxTokens: 1.5 }, "maxTokens is 1.5"],
    [{ topP: 0 }, "topP is 0"],
  ])("refuses %j", async (options, message) => {
    await expect(collect(model, [1], options)).rejects.toThrow(ConfigError);
    await expect(collect(model, [1], options)).rejects.toThrow(message);
  });
});

test("onLogits sees what each token was chosen from", async () => {
  const model = create();
  const seen: number[][] = [];
  const choices = await collect(model, prompt(3), {
    temperature: 0,
    maxTokens: 6,
    onLogits: (logits) => void seen.push(Array.from(logits)),
  });
  expect(seen.map((logits) => logits.indexOf(Math.max(...logits)))).toEqual(
    choices.map((c) => c.id),
  );
});

test("a text taken up again goes on as it would have, with what was drawn", async () => {
  const model = create();
  const options = { temperature: 1.3, seed: 9 };
  const whole = await written(model, prompt(2), { ...options, maxTokens: 6 });
  const ids = prompt(2);
  for (let drawn = 0; drawn < 6; drawn++)
    ids.push(...(await written(model, ids, { ...options, drawn, maxTokens: 1 })));
  expect(ids.slice(2)).toEqual(whole);
  const start = await written(model, prompt(2), { ...options, maxTokens: 6, drawn: 3 });
  expect(start).not.toEqual(whole);
});
