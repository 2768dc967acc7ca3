import { fusedVjps, valueAndGrad, vjps } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import { wasm } from "@muladd/backend-wasm";
import { GPT, gptConfig } from "@muladd/gpt";
import { init, namedParameters } from "@muladd/nn";
import { type Backend, dispose, fused, type HostTensor, ops, Tensor } from "@muladd/tensor";
import { afterAll, describe, expect, test } from "vitest";
import { checkWeights, drawWeights } from "../src/engine/gradient-check.ts";
import { judge, TOLERANCE } from "../src/engine/judge.ts";
import { gradientsOf, traceLoss } from "../src/engine/trace-loss.ts";
import { rules } from "../src/screens/backprop/rules.ts";

const TOKENS = Int32Array.of(1, 4, 2, 2, 9, 0, 16, 4, 3);
const CONFIG = gptConfig({ vocabulary: 17, context: 8, width: 16, heads: 2, layers: 2 });

const backends: readonly [string, Backend][] = [
  ["reference", reference()],
  ["wasm", await wasm()],
];
afterAll(() => {
  for (const [, backend] of backends) backend[Symbol.dispose]();
});

const tokensOn = (backend: Backend) => {
  const on = (data: Int32Array) => Tensor.from(backend, data, [1, data.length], "i32");
  return { ids: on(TOKENS.slice(0, -1)), targets: on(TOKENS.slice(1)) };
};

/** All fused ops that are differentiated. */
const ALL = new Set(Object.keys(fusedVjps));

describe.each(backends)("the tape of a GPT on %s", (_, backend) => {
  test.each([
    ["learned", new Set<string>()],
    ["learned", ALL],
    ["sinusoidal", new Set(["attention"])],
  ] as const)(
    "%s positions, composed: %o: gradients are valueAndGrad's to the bit",
    async (positions, composed) => {
      const before = backend.memory.buffers;
      const model = new GPT({ ...CONFIG, positions }, init(backend, 3));
      const held = backend.memory.buffers;
      const full = await traceLoss(model, TOKENS, composed);
      expect(backend.memory.buffers).toBe(held);

      const leaves = full.nodes.filter(({ kind }) => kind === "leaf");
      expect(leaves.map(({ name }) => name)).toEqual(
        Array.from(namedParameters(model), ([n]) => n),
      );
      for (const leaf of leaves) expect(leaf.grad?.rms, leaf.name).toBeGreaterThan(0);

      if (composed.size === 0) {
        const { ids, targets } = tokensOn(backend);
        const { value, grads } = valueAndGrad(
          () => model.loss(ids, targets),
          Array.from(namedParameters(model), ([, p]) => p),
        );
        expect(full.value).toBe(await value.item());
        const traced = gradientsOf(full);
        for (const [name, p] of namedParameters(model))
          expect(traced.get(name)!.data, name).toEqual(await grads.get(p)!.data());
        dispose([ids, targets, value, ...grads.values()]);
      } else for (const { op } of full.nodes) expect(composed.has(op), op).toBe(false);
      dispose(model);
      expect(backend.memory.buffers).toBe(before);
    },
  );

  test("what is added up is what was given: the tied table from two uses, the stream of residuals too", async () => {
    const model = new GPT(CONFIG, init(backend, 3));
    const { nodes, backward, arrays } = await traceLoss(model, TOKENS, new Set());
    dispose(model);
    const table = nodes.find(({ name }) => name === "tokens.weight")!;
    expect(table.uses).toBe(2);
    const residual = nodes.filter(({ kind, uses }) => kind === "op" && uses === 2);
    expect(residual.length).toBe(2 * CONFIG.layers); // into each sublayer and around it
    expect(backward).toEqual([...backward].sort((a, b) => b - a));
    for (const node of [table, ...residual]) {
      const given = nodes.flatMap(({ id, inputs }) =>
        inputs.flatMap(({ from, nth }, i) =>
          from === node.id && nth ? [arrays.get(`given:${id}:${i}`)!.data] : [],
        ),
      );
      expect(given.length).toBe(2);
      arrays.get(`grad:${node.id}`)!.data.forEach((x, i) => {
        // One float32 addition, or as many as a token comes up in the text.
        expect(Math.abs(x - (given[0]![i]! + given[1]![i]!))).toBeLessThan(1e-6);
      });
    }
  });

  test("places follow the model; each op stands in one", async () => {
    const model = new GPT(CONFIG, init(backend, 3));
    const { nodes } = await traceLoss(model, TOKENS, new Set(["linearCrossEntropy"]));
    dispose(model);
    const places = new Set(nodes.filter(({ kind }) => kind === "op").map(({ place }) => place));
    const block = (i: number) =>
      ["norm 1", "attention", "norm 2", "mlp"].map((part) => `block ${i}/${part}`);
    expect([...places]).toEqual(["embed", ...block(0), ...block(1), "final norm", "head", "loss"]);
  });

  test("the check passes right gradients and fails wrong ones", async () => {
    const model = new GPT(CONFIG, init(backend, 3));
    const full = await traceLoss(model, TOKENS, new Set());
    dispose(model);
    const gradients = gradientsOf(full);
    const weights = new Map<string, HostTensor>();
    for (const { id, kind, name } of full.nodes)
      if (kind === "leaf") weights.set(name, full.arrays.get(`value:${id}`)!);
    const example = {
      ...{ config: CONFIG, weights },
      ...{ ids: TOKENS.slice(0, -1), targets: TOKENS.slice(1) },
    };
    let state = 1;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const chosen = drawWeights(gradients, 60, random);
    const right = await checkWeights(example, gradients, chosen);
    expect(right.filter(({ passes }) => !passes)).toEqual([]);
    // A hundredth of what is allowed: the tolerance has room, and not too much.
    expect(Math.max(...right.map(({ error }) => error))).toBeLessThan(TOLERANCE / 10);

    const wrong = new Map(gradients);
    const scaled = (name: string, by: number) => {
      const { shape, data } = gradients.get(name)!;
      wrong.set(name, { shape, data: Float32Array.from(data, (x) => x * by) });
    };
    scaled("blocks.1.mlp.up.weight", 1.01);
    scaled("tokens.weight", 0.5);
    const largest = (name: string) => {
      const { data } = gradients.get(name)!;
      const sizes = Array.from(data, Math.abs);
      const index = sizes.indexOf(Math.max(...sizes));
      return { parameter: name, index };
    };
    const checked = await checkWeights(example, wrong, [
      largest("blocks.1.mlp.up.weight"),
      largest("tokens.weight"),
      largest("blocks.0.attention.qkv.weight"),
    ]);
    expect(checked.map(({ passes }) => passes)).toEqual([false, false, true]);
  });
});

test("a NaN fails, and two zeros pass", () => {
  const weight = { parameter: "p", index: 0 };
  expect(judge(weight, Number.NaN, 1, 1).passes).toBe(false);
  expect(judge(weight, 0, 0, 0).passes).toBe(true);
  expect(judge(weight, 1e-9, -1e-9, 1e-3).passes).toBe(true); // rounding, beside what is usual
  expect(judge(weight, 1e-9, -1e-9, 0).passes).toBe(false);
});

test("each op has a rule, in words and symbols", () => {
  expect(Object.keys(rules).sort()).toEqual([...Object.keys(ops), ...Object.keys(fused)].sort());
  for (const [op, { forward, backward, words }] of Object.entries(rules))
    for (const text of [forward, backward, words]) expect(text.trim(), op).not.toBe("");
  for (const op of Object.keys({ ...vjps, ...fusedVjps })) expect(rules).toHaveProperty(op);
});
