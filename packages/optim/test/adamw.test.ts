import { reference } from "@muladd/backend-reference";
import { full, keep, Parameter, share, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { AdamW, type AdamWOptions } from "../src/index.ts";
import {
  DOUBLE,
  expectClose,
  gradients,
  MATRIX,
  oracles,
  pair,
  slope,
  VECTOR,
  valuesOf,
} from "./problem.ts";

/** Loshchilov & Hutter's algorithm 2, element by element. */
function byHand(
  steps: number,
  options: Required<Omit<AdamWOptions, "decays">>,
  rate: (t: number) => number,
  scale = 1,
  decays: (i: number) => boolean = (i) => i < MATRIX.length,
): number[] {
  const { betas, epsilon, weightDecay } = options;
  const x = [...MATRIX, ...VECTOR] as number[];
  const m = x.map(() => 0);
  const v = x.map(() => 0);
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < x.length; i++) {
      const g = slope(t, i) * scale;
      m[i] = betas[0] * m[i]! + (1 - betas[0]) * g;
      v[i] = betas[1] * v[i]! + (1 - betas[1]) * g * g;
      const mHat = m[i]! / (1 - betas[0] ** (t + 1));
      const vHat = v[i]! / (1 - betas[1] ** (t + 1));
      if (decays(i)) x[i]! -= rate(t) * weightDecay * x[i]!;
      x[i]! -= (rate(t) * mHat) / (Math.sqrt(vHat) + epsilon);
    }
  return x;
}
const rate = (t: number) => 0.05 / (1 + t / 10);
const DEFAULTS = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1 } as const;

describe.each(oracles)("AdamW, %s", (_, create) => {
  test.each<[name: string, options: AdamWOptions]>([
    ["its defaults", {}],
    ["other betas, epsilon and decay", { betas: [0.8, 0.99], epsilon: 0.01, weightDecay: 0.5 }],
    ["no decay", { weightDecay: 0 }],
  ])("takes the steps of the paper with %s", async (_, options) => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector], options);
    for (let t = 0; t < 20; t++) adamw.step(gradients(p, t), rate(t));
    expectClose(await valuesOf(p), byHand(20, { ...DEFAULTS, ...options }, rate), DOUBLE);
    expect(adamw.steps).toBe(20);
  });

  test("decays what it is told to", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector], { decays: (q) => q === p.vector });
    for (let t = 0; t < 5; t++) adamw.step(gradients(p, t), rate(t));
    const expected = byHand(5, DEFAULTS, rate, 1, (i) => i >= MATRIX.length);
    expectClose(await valuesOf(p), expected, DOUBLE);
  });

  test("multiplies the gradients by gradScale", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector], { epsilon: 0.1 });
    using scale = full(backend, [], 0.25);
    for (let t = 0; t < 20; t++) adamw.step(gradients(p, t), rate(t), scale);
    const expected = byHand(20, { ...DEFAULTS, epsilon: 0.1 }, rate, 0.25);
    expectClose(await valuesOf(p), expected, DOUBLE);
  });

  test("moves nothing when gradScale is NaN, not even by decay", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector]);
    adamw.step(gradients(p, 0), 0.1);
    const before = [await valuesOf(p), await cells(adamw)];
    using bad = full(backend, [], Number.NaN);
    adamw.step(gradients(p, 1), 0.1, bad);
    expect([await valuesOf(p), await cells(adamw)]).toEqual(before);
  });

  test("stands still, but for decay, where gradients are zero", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector]);
    const zeros = () =>
      new Map<Tensor, Tensor>(
        [p.matrix, p.vector].map((q) => [q, full(backend, q.shape, 0)] as const),
      );
    for (let t = 0; t < 3; t++) adamw.step(zeros(), 0.1);
    expectClose(await valuesOf(p), [...MATRIX.map((x) => x * 0.99 ** 3), ...VECTOR], DOUBLE);
  });

  test("moves only what has a gradient", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector]);
    const grads = gradients(p, 0);
    grads.delete(p.matrix);
    adamw.step(grads, 0.1);
    expect([...(await p.matrix.data())]).toEqual([...MATRIX]);
    expect([...(await p.vector.data())]).not.toEqual([...VECTOR]);
    adamw.step(new Map(), 0.1);
  });

  test("goes on from its state as if it had never stopped", async () => {
    using backend = create();
    const p = pair(backend);
    using adamw = new AdamW([p.matrix, p.vector]);
    for (let t = 0; t < 7; t++) adamw.step(gradients(p, t), rate(t));
    const q = pair(backend);
    q.matrix.write(await p.matrix.data());
    q.vector.write(await p.vector.data());
    using resumed = new AdamW([q.matrix, q.vector]);
    const saved = [...adamw.state()];
    for (const [i, [, name, cell]] of [...resumed.state()].entries()) {
      expect(saved[i]![1]).toBe(name);
      cell.write(await saved[i]![2].data());
    }
    resumed.steps = adamw.steps;
    for (let t = 7; t < 12; t++) {
      adamw.step(gradients(p, t), rate(t));
      resumed.step(gradients(q, t), rate(t));
    }
    expect(await valuesOf(q)).toEqual(await valuesOf(p));
  });
});

describe("AdamW", () => {
  test("agrees in float32, fused and composed, to float32's precision", async () => {
    for (const fused of [true, false]) {
      using backend = reference({ fused });
      const p = pair(backend);
      using adamw = new AdamW([p.matrix, p.vector]);
      for (let t = 0; t < 20; t++) adamw.step(gradients(p, t), rate(t));
      expectClose(await valuesOf(p), byHand(20, DEFAULTS, rate), 5e-6); // 20 roundings of numbers near 2
    }
  });

  test("does not write through memory that another handle shares", async () => {
    using backend = reference();
    const p = Parameter.of(backend, [1, 2], [2]);
    using adamw = new AdamW([p]);
    const snapshot = keep(share(p));
    adamw.step(new Map<Tensor, Tensor>([[p, Tensor.from(backend, [1, 1])]]), 0.1);
    expect([...(await snapshot.data())]).toEqual([1, 2]);
    expect([...(await p.data())]).not.toEqual([1, 2]);
  });

  test("makes no buffers by stepping, and frees its cells when disposed", () => {
    using backend = reference();
    const p = pair(backend);
    const adamw = new AdamW([p.matrix, p.vector]);
    const grads = gradients(p, 0);
    const before = backend.memory.buffers;
    for (let t = 0; t < 3; t++) adamw.step(grads, 0.1);
    expect(backend.memory.buffers).toBe(before);
    adamw[Symbol.dispose]();
    expect(backend.memory.buffers).toBe(before - 4);
  });
});

const cells = async (optimizer: AdamW): Promise<number[][]> =>
  Promise.all([...optimizer.state()].map(async ([, , cell]) => [...(await cell.data())]));
