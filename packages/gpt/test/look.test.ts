import { reference } from "@muladd/backend-reference";
import { init, namedParameters } from "@muladd/nn";
import { Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import {
  attentionEntropy,
  attentionMaps,
  GPT,
  logitLens,
  statistics,
  toHost,
} from "../src/index.ts";
import { lookAtLoss } from "../src/train/index.ts";

const backend = reference();
const CONFIG = { vocabulary: 11, context: 8, width: 8, heads: 2, layers: 3 };
const { normal, ...rest } = init(backend, 3);
const model = new GPT(CONFIG, { ...rest, normal: (shape, std) => normal(shape, 20 * std) });
const IDS = [3, 1, 4, 1, 5];
const T = IDS.length;

describe("attentionMaps", () => {
  test("has rows that sum to 1 and look at no later key, for every layer and head", async () => {
    const maps = await attentionMaps(model, IDS);
    expect(maps.map((m) => m.length)).toEqual([50, 50, 50]);
    for (const map of maps)
      for (let row = 0; row < 2 * T; row++) {
        const weights = Array.from(map.subarray(row * T, (row + 1) * T));
        expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
        for (let key = (row % T) + 1; key < T; key++) expect(weights[key]).toBe(0);
      }
    expect(maps[0]).not.toEqual(maps[1]);
  });

  test("leaves no memory behind", async () => {
    const before = backend.memory.buffers;
    await attentionMaps(model, IDS);
    await logitLens(model, IDS);
    expect(backend.memory.buffers).toBe(before);
  });
});

test("the logit lens ends with the model's own logits, and begins with another guess", async () => {
  const lens = await logitLens(model, IDS);
  expect(lens).toHaveLength(4);
  using logits = tidy(() => model.forward(Tensor.from(backend, IDS, [1, T], "i32")));
  expect(Array.from(lens[3]!)).toEqual(Array.from(await logits.data()));
  expect(Array.from(lens[0]!)).not.toEqual(Array.from(lens[3]!));
});

describe("lookAtLoss", () => {
  test("has every parameter with its gradient, and activations by their modules", () => {
    const { loss, tensors } = lookAtLoss(model, IDS);
    for (const [name, p] of namedParameters(model))
      expect(tensors.get(name)).toMatchObject({ kind: "parameter", value: p });
    const activations = [...tensors].filter(([, t]) => t.kind === "activation");
    expect(activations.map(([name, { value }]) => [name, value.shape])).toEqual(
      expect.arrayContaining([
        ["tokens", [1, T, 8]],
        ["embedding", [1, T, 8]],
        ["blocks.0.norm1", [1, T, 8]],
        ["blocks.2.attention.qkv", [1, T, 24]],
        ["blocks.1.attention.mix", [1, T, 8]],
        ["blocks.2.mlp.up", [1, T, 32]],
        ["norm", [1, T, 8]],
        ["logits", [1, T, 11]],
      ]),
    );
    for (const [, { value, gradient }] of tensors) expect(gradient?.shape).toEqual(value.shape);
    loss[Symbol.dispose]();
  });

  test("the logits' gradient is softmax minus one-hot, over the tokens that are predicted", async () => {
    const { tensors } = lookAtLoss(model, IDS);
    const { value, gradient } = tensors.get("logits")!;
    const [logits, g] = [await value.data(), await gradient!.data()];
    for (let t = 0; t < T; t++) {
      const row = Array.from(logits.subarray(t * 11, (t + 1) * 11));
      const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
      row.forEach((x, v) => {
        const p = Math.exp(x) / total;
        const expected = t === T - 1 ? 0 : (p - (IDS[t + 1] === v ? 1 : 0)) / (T - 1);
        expect(g[t * 11 + v]!).toBeCloseTo(expected, 5);
      });
    }
  });

  test("refuses a text of one token", () => {
    expect(() => lookAtLoss(model, [1])).toThrow(/two tokens/);
  });
});

test("entropy is 0 for one key a query and log₂ n for n equal ones", () => {
  expect(attentionEntropy([1, 0, 0, 1], 2)).toBe(0);
  expect(attentionEntropy(new Float32Array(16).fill(0.25), 4)).toBeCloseTo(2, 6);
});

test("statistics leave out what is no number, and count it", async () => {
  using t = Tensor.from(backend, [0, 1, Number.NaN, 3, Infinity]);
  const s = statistics(await toHost(t), 3);
  expect(s).toMatchObject({ count: 5, min: 0, max: 3, zeros: 1, notFinite: 2 });
  expect(s.mean).toBeCloseTo(4 / 3);
  expect(s.std).toBeCloseTo(Math.sqrt(14 / 9));
  expect(s.histogram).toEqual([1, 1, 1]);
});
