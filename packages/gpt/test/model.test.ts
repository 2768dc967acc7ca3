import { valueAndGrad } from "@muladd/autograd";
import { reference } from "@muladd/backend-reference";
import {
  crossEntropyLoss,
  dropout,
  init,
  namedParameters,
  parametersOf,
  SinusoidalPositions,
} from "@muladd/nn";
import { AdamW, SGD } from "@muladd/optim";
import { dispose, full, Rng, ShapeError, sumAll, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { GPT, type GPTConfig, KVCache } from "../src/index.ts";

const sizes = { vocabulary: 7, context: 6, width: 8, heads: 2, layers: 2 };
const backend = reference();
const model = (config: Partial<GPTConfig> = {}, seed = 3) =>
  new GPT({ ...sizes, ...config }, init(backend, seed));
const ids = (shape: number[] = [2, 5]) => {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Int32Array.from({ length: count }, (_, i) => (i * i + 1) % 7);
  return Tensor.from(backend, values, shape, "i32");
};
const values = async (t: Pick<Tensor, "data">) => [...(await t.data())];
/** Root mean square: the deviation, for a mean of 0. */
const strength = async (t: Pick<Tensor, "data">) => {
  const x = await values(t);
  return Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length);
};

describe("GPT", () => {
  test("makes logits (B, T, V) of ids (B, T)", () => {
    expect(model().forward(ids()).shape).toEqual([2, 5, 7]);
    expect(model().forward(ids([1, 1])).shape).toEqual([1, 1, 7]);
    expect(model().forward(ids([1, 6])).shape).toEqual([1, 6, 7]);
  });

  test("refuses more tokens than its context", () => {
    expect(() => model().forward(ids([1, 7]))).toThrow(RangeError);
    expect(() => model().forward(ids([1, 7]))).toThrow("7 tokens do not fit a context of 6");
  });

  test("counts the positions in its memory against the context", () => {
    const gpt = model();
    using memory = new KVCache(gpt);
    memory.advance(4);
    expect(() => gpt.forward(ids([1, 3]), { memory })).toThrow("7 tokens do not fit");
    expect(gpt.forward(ids([1, 2]), { memory }).shape).toEqual([1, 2, 7]);
  });

  test("refuses ids of another shape or type, and says what to do", () => {
    expect(() => model().forward(ids([5]))).toThrow(ShapeError);
    expect(() => model().forward(ids([5]))).toThrow("got i32 (5); for one sequence make them (1,");
    expect(() => model().forward(full(backend, [1, 2], 0))).toThrow("got f32 (1, 2)");
  });

  test("does not look ahead: logits of a position depend on it and those before", async () => {
    const gpt = model();
    const whole = await values(gpt.forward(ids([1, 6])));
    const part = await values(gpt.forward(ids([1, 3])));
    expect(part).toEqual(whole.slice(0, 3 * 7));
  });

  test("names its parameters, the embeddings that it shares with the head once", () => {
    const block = (i: number) =>
      [
        "norm1.gain",
        "norm1.bias",
        "attention.qkv.weight",
        "attention.qkv.bias",
        "attention.out.weight",
        "attention.out.bias",
        "norm2.gain",
        "norm2.bias",
        "mlp.up.weight",
        "mlp.up.bias",
        "mlp.down.weight",
        "mlp.down.bias",
      ].map((name) => `blocks.${i}.${name}`);
    const names = Array.from(namedParameters(model()), ([name]) => name);
    expect(names).toEqual([
      "tokens.weight",
      "positions.weight",
      ...block(0),
      ...block(1),
      "norm.gain",
      "norm.bias",
    ]);
    const bare = model({ bias: false, positions: "sinusoidal" });
    const left = Array.from(namedParameters(bare), ([name]) => name);
    expect(left).toEqual(names.filter((n) => !n.endsWith("bias") && n !== "positions.weight"));
  });

  test("begins with residual projections smaller by √(2 · layers), as GPT-2", async () => {
    const gpt = model({ width: 64, heads: 4, layers: 8 });
    for (const { attention, mlp } of gpt.blocks) {
      expect(await strength(attention.qkv.weight)).toBeCloseTo(0.02, 3);
      expect(await strength(mlp.up.weight)).toBeCloseTo(0.02, 3);
      expect(await strength(attention.out.weight)).toBeCloseTo(0.02 / 4, 3);
      expect(await strength(mlp.down.weight)).toBeCloseTo(0.02 / 4, 3);
    }
  });

  test.each(["learned", "sinusoidal"] as const)(
    "begins with %s positions as strong as its token embeddings",
    async (positions) => {
      const gpt = model({ positions, vocabulary: 100, context: 100, width: 64 });
      expect(await strength(gpt.positions!.forward(0, 100))).toBeCloseTo(0.02, 3);
      expect(await strength(gpt.tokens.weight)).toBeCloseTo(0.02, 3);
    },
  );

  test("has the same weights for the same seed", async () => {
    const [a, b, c] = [model({}, 1), model({}, 1), model({}, 2)];
    for (const [i, p] of parametersOf(a).entries())
      expect(await values(parametersOf(b)[i]!)).toEqual(await values(p));
    expect(await values(c.tokens.weight)).not.toEqual(await values(a.tokens.weight));
  });

  test("drops out only when it is given random numbers, the same for the same", async () => {
    const gpt = model({ dropout: 0.3 });
    const plain = await values(gpt.forward(ids()));
    expect(plain).toEqual(await values(model().forward(ids())));
    const dropped = await values(gpt.forward(ids(), { rng: new Rng(1) }));
    expect(dropped).not.toEqual(plain);
    expect(await values(gpt.forward(ids(), { rng: new Rng(1) }))).toEqual(dropped);
    expect(await values(gpt.forward(ids(), { rng: new Rng(2) }))).not.toEqual(dropped);
  });

  test("gives every parameter a gradient, with dropout and without", () => {
    for (const rate of [0, 0.2])
      for (const positions of ["learned", "sinusoidal"] as const) {
        const gpt = model({ dropout: rate, positions });
        const rng = rate > 0 ? new Rng(4) : undefined;
        const parameters = parametersOf(gpt);
        const { grads } = valueAndGrad(
          () => crossEntropyLoss(gpt.forward(ids(), { rng }), ids()),
          parameters,
        );
        expect(parameters.filter((p) => !grads.has(p))).toEqual([]);
      }
  });

  test("keeps nothing but the logits, and frees all when it is disposed", () => {
    using own = reference();
    const gpt = new GPT({ ...sizes, positions: "sinusoidal", dropout: 0.1 }, init(own, 1));
    const x = Tensor.from(own, [1, 2, 3], [1, 3], "i32");
    const before = own.memory.buffers;
    const y = [gpt.forward(x), gpt.forward(x, { rng: new Rng(1) })];
    expect(own.memory.buffers).toBe(before + 2);
    dispose([gpt, x, y]);
    expect(own.memory.buffers).toBe(0);
  });
});

describe.each(["learned", "sinusoidal"] as const)("GPT with %s positions", (positions) => {
  test("learns to tell positions apart: a sequence that content alone does not decide", async () => {
    // After a 1 comes a 2 at one place and a 3 at the other; only the position tells which.
    const sequence = [1, 2, 1, 3, 1, 4];
    const gpt = model({ positions, vocabulary: 5, context: 6 });
    expect(gpt.positions instanceof SinusoidalPositions).toBe(positions === "sinusoidal");
    const parameters = parametersOf(gpt);
    using adamw = new AdamW(parameters, { weightDecay: 0 });
    const input = Tensor.from(backend, sequence.slice(0, 5), [1, 5], "i32");
    const targets = Tensor.from(backend, sequence.slice(1), [1, 5], "i32");
    const step = () =>
      tidy(() => {
        const { value, grads } = valueAndGrad(
          () => crossEntropyLoss(gpt.forward(input), targets),
          parameters,
        );
        adamw.step(grads, 0.02);
        return value;
      });
    const first = await step().item();
    for (let i = 0; i < 60; i++) dispose(step());
    const last = await step().item();
    expect(first).toBeGreaterThan(1.4); // near ln 5
    expect(last).toBeLessThan(0.05);
  });
});

describe("dropout", () => {
  test("lets gradients flow where it kept, scaled alike, and nowhere else", async () => {
    const x = full(backend, [200], 2);
    const forward = () => dropout(x, 0.25, new Rng(8));
    const kept = (await values(forward())).map((y) => y !== 0);
    const { grads } = valueAndGrad(() => sumAll(forward()), [x]);
    const slope = Math.fround(1 / 0.75);
    expect(await values(grads.get(x)!)).toEqual(kept.map((k) => (k ? slope : 0)));
    expect(new Set(kept).size).toBe(2);
  });
});

test("SGD with momentum lowers the loss of a GPT too", async () => {
  const gpt = model();
  const parameters = parametersOf(gpt);
  using sgd = new SGD(parameters, { momentum: 0.9 });
  const losses: number[] = [];
  for (let i = 0; i < 30; i++) {
    using loss = tidy(() => {
      const { value, grads } = valueAndGrad(
        () => crossEntropyLoss(gpt.forward(ids()), ids()),
        parameters,
      );
      sgd.step(grads, 0.1);
      return value;
    });
    losses.push(await loss.item());
  }
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
});
