import { reference } from "@muladd/backend-reference";
import { type Backend, full, Parameter, share, Tensor } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { AdamW, clipGlobalNorm, clipScale, globalNorm, type Optimizer, SGD } from "../src/index.ts";
import { expectClose } from "./problem.ts";

const backend = reference();
const EXACT = 1e-6; // float32

function grads(a: readonly number[], b: readonly number[], on: Backend = backend) {
  const p = Parameter.of(on, new Float32Array(a.length), [a.length]);
  const q = Parameter.of(on, new Float32Array(b.length), [b.length, 1]);
  return new Map<Tensor, Tensor>([
    [p, Tensor.from(on, a)],
    [q, Tensor.from(on, b, [b.length, 1])],
  ]);
}

describe("globalNorm", () => {
  test("is the Euclidean norm of all gradients together", async () => {
    const norm = globalNorm(grads([1, -2, 4], [2, 0]));
    expect(norm.shape).toEqual([]);
    expect(await norm.item()).toBeCloseTo(5, 6);
  });

  test("is 0 for zero gradients", async () => {
    expect(await globalNorm(grads([0, 0], [0])).item()).toBe(0);
  });

  test.each([1e-10, 1e-3, 1e10, 1e18])("is exact for gradients near %f", async (size) => {
    const norm = await globalNorm(grads([3 * size], [4 * size])).item();
    expect(Math.abs(norm / (5 * size) - 1)).toBeLessThan(EXACT);
  });

  test.each([Number.NaN, Infinity, -Infinity, 1e30])("is NaN when one is %f", async (value) => {
    // 1e30 squared is beyond float32: as good as infinite
    expect(await globalNorm(grads([1, value], [0])).item()).toBeNaN();
  });

  test("needs a gradient", () => {
    expect(() => globalNorm(new Map())).toThrow("there are no gradients");
  });
});

describe("clipScale", () => {
  const scale = (norm: number, limit: number) => clipScale(full(backend, [], norm), limit).item();

  test("brings a larger norm down to the limit and leaves a smaller one", async () => {
    expect(await scale(5, 1)).toBeCloseTo(0.2, 7);
    expect(await scale(2, 1)).toBe(0.5);
    expect(await scale(1, 1)).toBe(1);
    expect(await scale(0.5, 1)).toBe(1);
    expect(await scale(0, 1)).toBe(1);
  });

  test("without a limit is 1", async () => {
    expect(await scale(1e9, Infinity)).toBe(1);
    expect(await scale(0, Infinity)).toBe(1);
  });

  test("is NaN for a NaN norm, with a limit and without", async () => {
    expect(await scale(Number.NaN, 1)).toBeNaN();
    expect(await scale(Number.NaN, Infinity)).toBeNaN();
  });

  test.each([0, -1, Number.NaN])("refuses a limit of %f", (limit) => {
    expect(() => clipScale(full(backend, [], 1), limit)).toThrow("must be above 0");
  });
});

describe("clipGlobalNorm", () => {
  test("scales all gradients to the limit and returns the norm before", async () => {
    const clipped = grads([3, 0], [-4]);
    expect(await clipGlobalNorm(clipped, 1).item()).toBeCloseTo(5, 6);
    const values = await Promise.all(Array.from(clipped.values(), (g) => g.data()));
    expectClose(
      values.flatMap((v) => [...v]),
      [0.6, 0, -0.8],
      EXACT,
    );
    expect(await globalNorm(clipped).item()).toBeCloseTo(1, 6);
  });

  test("leaves gradients within the limit to the bit", async () => {
    const kept = grads([0.3, 0.1], [-0.4]);
    clipGlobalNorm(kept, 1);
    const values = await Promise.all(Array.from(kept.values(), (g) => g.data()));
    expect(values.flatMap((v) => [...v])).toEqual([0.3, 0.1, -0.4].map(Math.fround));
  });

  test("is the same step as clipScale given to the optimizer", async () => {
    const run = async (step: (optimizer: Optimizer, g: Map<Tensor, Tensor>) => void) => {
      const g = grads([3, 1], [-4, 2]);
      const parameters = [...g.keys()] as Parameter[];
      for (const optimizer of [new SGD(parameters, { momentum: 0.9 }), new AdamW(parameters)])
        step(optimizer, new Map(g));
      const values = await Promise.all(parameters.map((p) => p.data()));
      return values.flatMap((v) => [...v]);
    };
    const scaled = await run((optimizer, g) =>
      optimizer.step(g, 0.1, clipScale(globalNorm(g), 0.5)),
    );
    const clipped = await run((optimizer, g) => {
      const own = new Map<Tensor, Tensor>(Array.from(g, ([p, x]) => [p, share(x)]));
      clipGlobalNorm(own, 0.5);
      optimizer.step(own, 0.1);
    });
    expectClose(clipped, scaled, 1e-7); // one rounding of gradients below 0.5
  });

  test("keeps as many buffers as before, and the norm", () => {
    using own = reference();
    const g = grads([3], [4], own);
    const before = own.memory.buffers;
    clipGlobalNorm(g, 1);
    expect(own.memory.buffers).toBe(before + 1);
  });
});

describe.each([
  ["AdamW", (p: Parameter[]) => new AdamW(p)],
  ["SGD", (p: Parameter[]) => new SGD(p, { momentum: 0.9, weightDecay: 0.1 })],
])("%s with clipScale", (_, create) => {
  test.each([
    [Infinity, 1],
    [Number.NaN, 1],
    [Infinity, Infinity],
    [Number.NaN, Infinity],
  ])("moves nothing for a gradient of %f and a limit of %f", async (value, limit) => {
    const g = grads([1, value], [2, 3]);
    const parameters = [...g.keys()] as Parameter[];
    for (const p of parameters) p.write(new Float32Array(2).fill(7));
    using optimizer = create(parameters);
    optimizer.step(g, 0.1, clipScale(globalNorm(g), limit));
    for (const p of parameters) expect([...(await p.data())]).toEqual([7, 7]);
    for (const [, , cell] of optimizer.state()) expect([...(await cell.data())]).toEqual([0, 0]);
  });
});
