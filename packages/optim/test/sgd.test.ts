import { reference } from "@muladd/backend-reference";
import { full } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { SGD, type SGDOptions } from "../src/index.ts";
import {
  DOUBLE,
  expectClose,
  gradients,
  MATRIX,
  pair,
  slope,
  VECTOR,
  valuesOf,
} from "./problem.ts";

/** torch.optim.SGD without dampening, element by element. */
function byHand(steps: number, options: SGDOptions, scale = 1): number[] {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const x = [...MATRIX, ...VECTOR] as number[];
  const u = x.map(() => 0);
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < x.length; i++) {
      const g = slope(t, i) * scale + weightDecay * x[i]!;
      u[i] = momentum * u[i]! + g;
      x[i]! -= rate(t) * (nesterov ? g + momentum * u[i]! : u[i]!);
    }
  return x;
}
const rate = (t: number) => 0.05 / (1 + t / 10);

const variants: readonly [name: string, options: SGDOptions][] = [
  ["nothing else", {}],
  ["momentum", { momentum: 0.9 }],
  ["Nesterov's momentum", { momentum: 0.9, nesterov: true }],
  ["weight decay", { weightDecay: 0.2 }],
  ["all of it", { momentum: 0.8, nesterov: true, weightDecay: 0.2 }],
];

describe.each(variants)("SGD with %s", (_, options) => {
  test("takes the steps of the formula", async () => {
    using backend = reference({ precision: "f64" });
    const p = pair(backend);
    using sgd = new SGD([p.matrix, p.vector], options);
    for (let t = 0; t < 20; t++) sgd.step(gradients(p, t), rate(t));
    expectClose(await valuesOf(p), byHand(20, options), DOUBLE);
    expect(sgd.steps).toBe(20);
  });

  test("multiplies the gradients, not the decay, by gradScale", async () => {
    using backend = reference({ precision: "f64" });
    const p = pair(backend);
    using sgd = new SGD([p.matrix, p.vector], options);
    using scale = full(backend, [], 0.25);
    for (let t = 0; t < 20; t++) sgd.step(gradients(p, t), rate(t), scale);
    expectClose(await valuesOf(p), byHand(20, options, 0.25), DOUBLE);
  });

  test("moves nothing when gradScale is NaN", async () => {
    using backend = reference();
    const p = pair(backend);
    using sgd = new SGD([p.matrix, p.vector], options);
    sgd.step(gradients(p, 0), 0.1);
    const state = async () =>
      Promise.all([...sgd.state()].map(async ([, , cell]) => [...(await cell.data())]));
    const before = [await valuesOf(p), await state()];
    using bad = full(backend, [], Number.NaN);
    sgd.step(gradients(p, 1), 0.1, bad);
    expect([await valuesOf(p), await state()]).toEqual(before);
  });

  test("makes no buffers by stepping, and frees its cells when disposed", () => {
    using backend = reference();
    const p = pair(backend);
    const grads = gradients(p, 0);
    const before = backend.memory.buffers;
    const sgd = new SGD([p.matrix, p.vector], options);
    const cells = options.momentum ? 2 : 0;
    for (let t = 0; t < 3; t++) {
      sgd.step(grads, 0.1);
      expect(backend.memory.buffers).toBe(before + cells);
    }
    sgd[Symbol.dispose]();
    expect(backend.memory.buffers).toBe(before);
  });
});

test("SGD names its state, a cell for each parameter, and has none without momentum", () => {
  using backend = reference();
  const p = pair(backend);
  const named = [...new SGD([p.matrix, p.vector], { momentum: 0.5 }).state()];
  expect(named.map(([q, name]) => [q, name])).toEqual([
    [p.matrix, "u"],
    [p.vector, "u"],
  ]);
  expect([...new SGD([p.matrix]).state()]).toEqual([]);
});

test("SGD moves only what has a gradient", async () => {
  using backend = reference();
  const p = pair(backend);
  using sgd = new SGD([p.matrix, p.vector], { momentum: 0.9, weightDecay: 0.5 });
  const grads = gradients(p, 0);
  grads.delete(p.vector);
  sgd.step(grads, 0.1);
  expect([...(await p.vector.data())]).toEqual([...VECTOR]);
  expect([...(await p.matrix.data())]).not.toEqual([...MATRIX]);
  sgd.step(new Map(), 0.1);
});
