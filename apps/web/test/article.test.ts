import { attention, dispose, slice, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { type Asked, Engine } from "../src/engine/engine.ts";
import { shuffledWords } from "../src/engine/shuffle.ts";

const asked: Asked = { signal: new AbortController().signal, part: () => {} };
const TEXT = "The little dog ran ";

async function opened(backend = "reference") {
  const engine = new Engine(() => {});
  await engine.handlers.probe(undefined, asked);
  await engine.handlers.useBackend({ name: backend }, asked);
  return engine;
}
const begun = async () => {
  const engine = await opened();
  const settings = {
    preset: "tiny",
    data: { kind: "stories", characters: 5000 },
    tokenizer: "char",
    model: { width: 16, context: 24 },
    training: { seed: 5 },
    paused: true,
  } as const;
  await engine.handlers.start(settings, asked);
  return engine;
};

describe("text → tokens", () => {
  test("each merge makes a text no longer, the first none, and nothing is lost", async () => {
    const { handlers } = await opened();
    const text = "The little dog ran – and ran 🐕.";
    const cut = (merges: number) => handlers.articleTokens({ text, by: "bpe", merges }, asked);
    const none = await cut(0);
    expect(none.tokens).toHaveLength(new TextEncoder().encode(text).length);
    expect(none.last).toBeUndefined();
    expect(none.tokens.some((t) => t.text === "<E2>")).toBe(true);
    let before = none.tokens.length;
    for (const merges of [1, 8, 64, 512]) {
      const { tokens, same, vocabulary, last } = await cut(merges);
      expect(tokens.length).toBeLessThanOrEqual(before);
      expect([same, vocabulary, last!.id]).toEqual([true, 256 + merges, 255 + merges]);
      before = tokens.length;
    }
    expect(before).toBeLessThan(none.tokens.length / 1.5);
  });

  test("a character that the model does not know is named", async () => {
    const { handlers } = await opened();
    const cut = handlers.articleTokens({ text: "dog 🐕", by: "characters", merges: 0 }, asked);
    await expect(cut).rejects.toThrow("🐕");
  });
});

test("one-hot × table is the row, to the bit", async () => {
  const { handlers } = await opened();
  const found = await handlers.articleEmbedding({ text: TEXT, token: 4 }, asked);
  const { id, table, firstRow, product, tokens } = found;
  expect(tokens[4]!.id).toBe(id);
  const row = table.values.slice(
    (id - firstRow) * table.columns,
    (id - firstRow + 1) * table.columns,
  );
  expect(product).toEqual(row);
  expect(found.difference).toBe(0);
});

describe("shuffle", () => {
  test("words stay together", () => {
    const tokens = [..."ab cd ef "];
    const order = shuffledWords(tokens, 3);
    expect(order).not.toEqual(tokens.map((_, i) => i));
    const words = order
      .map((i) => tokens[i])
      .join("")
      .trim()
      .split(" ");
    expect(words.sort()).toEqual(["ab", "cd", "ef"]);
    expect([...shuffledWords([" dog", " ran", "ning"], 0)].sort()).toEqual([0, 1, 2]);
  });

  test("the output is the shuffled output without places and mask, and not with either", async () => {
    const { handlers } = await opened();
    const by = (positions: boolean, masked: boolean) =>
      handlers.articleShuffle({ text: TEXT, positions, masked, seed: 1 }, asked);
    const free = await by(false, false);
    // Sums in another order: float32 rounds at 6e-8 of what is summed.
    expect(free.difference).toBeLessThan(1e-6 * free.size);
    for (const bound of [await by(true, false), await by(false, true), await by(true, true)])
      expect(bound.difference).toBeGreaterThan(1e-2 * bound.size);
  });
});

test("a row of a block, step by step, is what attention computes", async () => {
  const engine = await begun();
  const { session } = engine;
  const found = await engine.handlers.articleBlock(
    { text: TEXT, layer: 1, head: 1, row: 6 },
    asked,
  );
  expect(found.sum).toBeCloseTo(1, 6);
  expect(found.masked.map((x) => x === -Infinity)).toEqual(found.tokens.map((_, i) => i > 6));
  expect(found.scaled[0]! * Math.sqrt(found.k.columns)).toBeCloseTo(found.scores[0]!, 6);

  const ids = session.recipe.tokenizer.encode(TEXT);
  const { model } = session;
  const fused = tidy(() => {
    const [first, second] = model.blocks;
    const x = first!.forward(model.embed(Tensor.from(session.backend, ids, [1, ids.length])));
    const qkv = second!.attention.qkv.forward(second!.norm1.forward(x));
    return slice(slice(attention([qkv], { heads: 2 }), 1, 6, 7), 2, 8, 16);
  });
  const expected = await fused.data();
  dispose(fused);
  found.mixed.forEach((x, d) => {
    expect(x).toBeCloseTo(expected[d]!, 6);
  });
});

test("greedy is the largest; probabilities add up; filters cut the tail", async () => {
  const { handlers } = await opened();
  const about = { text: TEXT, temperature: 0.8, topK: 5, topP: 1, seed: 2 };
  const { next, largest, greedy, sampled } = await handlers.articleOutput(about, asked);
  expect(greedy).toBe(largest);
  expect(next[0]!.id).toBe(largest);
  const kept = next.filter((n) => n.probability > 0);
  expect(kept).toHaveLength(5);
  expect(kept.some((n) => n.id === sampled)).toBe(true);
  for (const of of ["model", "probability"] as const)
    expect(next.reduce((sum, n) => sum + n[of], 0)).toBeCloseTo(1, 9);
  const cold = await handlers.articleOutput({ ...about, temperature: 0 }, asked);
  expect(cold.sampled).toBe(largest);
  expect(cold.next[0]!.probability).toBe(1);
});

test("the loss of random weights is about ln V", async () => {
  const { handlers } = await opened();
  const { mean, unsure, vocabulary, next } = await handlers.articleLoss({ text: TEXT }, asked);
  expect(unsure).toBe(Math.log(vocabulary));
  expect(Math.abs(mean! - unsure)).toBeLessThan(0.2);
  expect(next).toHaveLength(vocabulary);
});

test.each(["reference", "wasm"])("no question leaves a buffer behind on %s", async (name) => {
  const engine = await opened(name);
  const { handlers } = engine;
  await handlers.articleLoss({ text: "a" }, asked); // makes the model
  const { buffers } = engine.backend.memory;
  const about = { text: TEXT };
  await handlers.articleEmbedding({ ...about, token: 0 }, asked);
  await handlers.articlePositions({}, asked);
  await handlers.articleShuffle({ ...about, positions: true, masked: true, seed: 0 }, asked);
  const { x, parts } = await handlers.articleMatrix({ ...about, blocks: 0 }, asked);
  expect(x.values[5]).toBeCloseTo(parts[0]!.matrix.values[5]! + parts[1]!.matrix.values[5]!, 6);
  await handlers.articleMatrix({ ...about, blocks: 2 }, asked);
  await handlers.articleBlock({ ...about, layer: 0, head: 0, row: 3 }, asked);
  await handlers.articleOutput({ ...about, temperature: 1, topP: 1, seed: 0 }, asked);
  await handlers.articleLoss(about, asked);
  const { flops } = await handlers.articleSpeed(undefined, asked);
  expect(flops).toBeGreaterThan(1e7);
  expect(engine.backend.memory.buffers).toBe(buffers);
});
