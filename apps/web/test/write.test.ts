import { type Choice, generate } from "@muladd/gpt";
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/engine/engine.ts";
import { failureOf } from "../src/engine/failures.ts";
import type { WriteParams, WrittenToken } from "../src/engine/write.ts";
import { asked, engineWith, trainOut } from "./engine.ts";

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await engineWith());
  await trainOut({ engine });
});

const BASE = { prompt: "a cab", ids: [], maxTokens: 30, cache: true } as const;

async function write(params: Partial<WriteParams>, signal = new AbortController().signal) {
  const tokens: WrittenToken[] = [];
  const part = (token: unknown) => void tokens.push(token as WrittenToken);
  const result = await engine.handlers.write({ ...BASE, ...params }, asked({ signal, part }));
  return { tokens, result, ids: tokens.map((t) => t.id) };
}

async function direct(options: object, prompt: string = BASE.prompt): Promise<Choice[]> {
  const { model, recipe } = engine.session;
  const choices: Choice[] = [];
  const ids = recipe.tokenizer.encode(prompt);
  for await (const c of generate(model, ids, { maxTokens: 30, ...options })) choices.push(c);
  return choices;
}

describe.each([
  ["greedy", { temperature: 0 }],
  ["sampled", { temperature: 0.8, seed: 5 }],
  ["top-k", { temperature: 1.5, topK: 3, seed: 1 }],
  ["top-p and min-p", { temperature: 1.2, topP: 0.9, minP: 0.05, seed: 2 }],
])("%s", (_, options) => {
  test("writes exactly what generate does, with and without the cache", async () => {
    for (const cache of [true, false]) {
      const right = await direct({ ...options, cache });
      const { tokens } = await write({ ...options, cache });
      expect(tokens.map((t) => [t.id, t.chance])).toEqual(right.map((c) => [c.id, c.probability]));
      tokens.forEach((t, i) => {
        expect(Math.log(t.probability)).toBeCloseTo(right[i]!.logProbability, 9);
      });
    }
  });
});

test("lists the ten likeliest by the model, and the chance that filters left each", async () => {
  const { tokens } = await write({ temperature: 1.5, topK: 3, seed: 1 });
  const size = engine.session.recipe.tokenizer.size;
  for (const { candidates, ...token } of tokens) {
    expect(candidates.map((c) => c.rank)).toEqual(candidates.map((_, i) => i + 1));
    expect(candidates).toHaveLength(Math.min(10, size));
    expect(candidates.find((c) => c.id === token.id)).toEqual(token);
    expect(candidates.filter((c) => c.chance > 0)).toHaveLength(3);
    const logits = candidates.map((c) => c.logit);
    expect(logits).toEqual([...logits].sort((a, b) => b - a));
    const total = candidates.reduce((sum, c) => sum + c.probability, 0);
    expect(total).toBeLessThanOrEqual(1 + 1e-9);
    if (size <= 10) expect(total).toBeCloseTo(1, 6);
  }
});

test("token by token it writes what it writes at once", async () => {
  const options = { temperature: 1.1, seed: 8 };
  const whole = await write({ ...options, maxTokens: 6 });
  const ids: number[] = [];
  for (let drawn = 0; drawn < 6; drawn++)
    ids.push(...(await write({ ...options, ids, drawn, maxTokens: 1 })).ids);
  expect(ids).toEqual(whole.ids);
});

test("stops when it is told to, and leaves no memory behind", async () => {
  const { backend } = engine.session;
  const before = backend.memory.buffers;
  const stop = new AbortController();
  const seen: unknown[] = [];
  const part = (token: unknown) => {
    seen.push(token);
    if (seen.length === 4) stop.abort();
  };
  await engine.handlers.write({ ...BASE, maxTokens: 1000 }, asked({ signal: stop.signal, part }));
  expect(seen).toHaveLength(4);
  expect(backend.memory.buffers).toBe(before);
});

test("while training runs it writes with the weights of the moment when it began", async () => {
  const { engine } = await engineWith();
  const tokens: number[] = [];
  const { model, recipe } = engine.session;
  const right: number[] = [];
  const prompt = recipe.tokenizer.encode(BASE.prompt);
  for await (const c of generate(model, prompt, { maxTokens: 60, seed: 4 })) right.push(c.id);
  const writing = engine.handlers.write(
    { ...BASE, maxTokens: 60, seed: 4 },
    asked({ part: (t) => void tokens.push((t as WrittenToken).id) }),
  );
  await engine.handlers.control({ action: "run" }, asked());
  const { step } = await writing;
  expect(engine.session.trainer.step).toBeGreaterThan(0);
  expect(step).toBe(0);
  expect(tokens).toEqual(right);
});

test("an old moment writes as the model did then", async () => {
  const { moments } = engine.session;
  expect(moments.steps).toContain(2);
  const then = await write({ moment: 2, temperature: 0 });
  const now = await write({ temperature: 0 });
  expect(then.result.step).toBe(2);
  expect(then.tokens[0]!.logit).not.toBe(now.tokens[0]!.logit);
  await expect(write({ moment: 3 })).rejects.toThrow(/not among the moments/);
});

test("tells how much of a long prompt the model reads", async () => {
  const { result } = await write({ prompt: "a cab ".repeat(5), maxTokens: 2 });
  expect(result).toMatchObject({ given: 30, read: 16, count: 2 });
  expect(result.tokensPerSecond).toBeGreaterThan(0);
});

test.each([
  ["", /prompt is empty/, /type a word/],
  ["a €uro", /"€" "u" "r" "o", which this model has never seen/, /leave them out/],
])("refuses the prompt %j, with the remedy", async (prompt, message, remedy) => {
  const error = await write({ prompt }).catch(failureOf);
  expect(error).toMatchObject({
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
});
