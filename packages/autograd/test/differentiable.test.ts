import { reference } from "@muladd/backend-reference";
import {
  add,
  dispose,
  exp,
  gather,
  matmul,
  meanAll,
  mul,
  Parameter,
  softmax,
  sumAll,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  accumulate,
  checkpoint,
  differentiable,
  type Gradients,
  valueAndGrad,
} from "../src/index.ts";

let backend = reference();
beforeEach(() => {
  backend = reference();
});
afterEach(() => {
  expect(backend.memory.buffers).toBe(0); // every test cleans up
});

const from = (data: number[], shape?: number[]) => Tensor.from(backend, data, shape, "f32");
const numbers = async (t: Tensor | undefined) => (t ? [...(await t.data())] : undefined);

describe("differentiable", () => {
  test("uses the derivative it is given, and none of the ops inside", async () => {
    using x = from([1, -2]);
    const straightThrough = differentiable({
      forward: (t) => mul(t!, 0),
      vjp: (g) => [mul(g, 7)],
    });
    const { value, grads } = valueAndGrad(() => sumAll(straightThrough(x)), [x]);
    expect(await value.item()).toBe(0);
    expect(await numbers(grads.get(x))).toEqual([7, 7]);
    dispose([value, grads]);
  });

  test("its derivative sees operands and result", async () => {
    using x = from([1, 2]);
    using y = from([3, 4]);
    const product = differentiable({
      forward: (a, b) => mul(a!, b!),
      vjp: (g, { inputs: [a, b], outs: [c] }) => [mul(g, add(b!, mul(c!, 0))), mul(g, a!)],
    });
    const { value, grads } = valueAndGrad(() => sumAll(product(x, y)), [x, y]);
    expect(await numbers(grads.get(x))).toEqual([3, 4]);
    expect(await numbers(grads.get(y))).toEqual([1, 2]);
    dispose([value, grads]);
  });

  test("may return an operand itself, and may have no gradient for one", async () => {
    using x = from([5], []);
    using y = from([6], []);
    const first = differentiable({ forward: (a) => a!, vjp: (g) => [mul(g, 3), null] });
    const { value, grads } = valueAndGrad(() => first(x, y), [x, y]);
    expect(await numbers(grads.get(x))).toEqual([3]);
    expect(grads.has(y)).toBe(false);
    dispose([value, grads]);
  });

  test("works without a tape", async () => {
    using x = from([1]);
    const twice = differentiable({ forward: (a) => add(a!, a!), vjp: (g) => [mul(g, 2)] });
    using y = twice(x);
    expect(await numbers(y)).toEqual([2]);
  });
});

describe("checkpoint", () => {
  const block = (w: Tensor) => (x: Tensor) => softmax(exp(matmul(x, w)));
  const setup = () => ({
    x: from([0.1, 0.2, 0.3, 0.4], [2, 2]),
    w: Parameter.of(backend, [0.5, -0.5, 0.25, 1], [2, 2]),
    probe: from([1, -2, 3, 4], [2, 2]),
  });

  test("gives the value and gradients of the plain function, bit for bit", async () => {
    const { x, w, probe } = setup();
    const f = block(w);
    const plain = valueAndGrad(() => sumAll(mul(f(f(x)), probe)), [x, w]);
    const saved = valueAndGrad(() => {
      const h = checkpoint((t) => f(t!), [x], [w]);
      return sumAll(
        mul(
          checkpoint((t) => f(t!), [h], [w]),
          probe,
        ),
      );
    }, [x, w]);
    expect(await saved.value.item()).toBe(await plain.value.item());
    for (const t of [x, w])
      expect(await numbers(saved.grads.get(t))).toEqual(await numbers(plain.grads.get(t)));
    dispose([plain.value, plain.grads, saved.value, saved.grads, x, w, probe]);
  });

  test("keeps nothing of the forward pass but operands and result", () => {
    const peak = (segments: boolean) => {
      using device = reference();
      using x = Tensor.from(device, new Float32Array(4096));
      const f = (t: Tensor) => {
        let y = t;
        for (let i = 0; i < 12; i++) y = exp(mul(y, y));
        return y;
      };
      const { value, grads } = valueAndGrad(() => {
        let y: Tensor = x;
        for (let i = 0; i < 4; i++)
          y = segments ? checkpoint((t) => f(t!), [y], []) : tidy(() => f(y));
        return meanAll(y);
      }, [x]);
      dispose([value, grads]);
      return device.memory.peakBytes;
    };
    expect(peak(true)).toBeLessThan(0.6 * peak(false));
  });

  test("can be differentiated twice", async () => {
    using x = from([0.5], []);
    const gradient = (f: (t: Tensor) => Tensor) =>
      tidy(() => valueAndGrad(() => f(x), [x]).grads.get(x)!);
    const cube = (t: Tensor) => mul(t, mul(t, t));
    const { value, grads } = valueAndGrad(
      () => gradient((t) => checkpoint((u) => cube(u!), [t], [])),
      [x],
    );
    expect(await numbers(grads.get(x))).toEqual([3]); // 6x
    dispose([value, grads]);
  });
});

describe("accumulate", () => {
  test("sums weighted gradients, frees what it is given and leaves one total", async () => {
    using x = from([1, 2]);
    const total: Gradients = new Map();
    for (const factor of [2, 4]) {
      const { value, grads } = valueAndGrad(() => sumAll(mul(x, factor)), [x]);
      accumulate(total, grads, 0.5);
      expect(grads.size).toBe(0);
      value[Symbol.dispose]();
    }
    expect(await numbers(total.get(x))).toEqual([3, 3]);
    expect(backend.memory.buffers).toBe(2);
    dispose(total);
  });

  test("the total belongs to the scope that it is made in", () => {
    using x = from([1, 2]);
    tidy(() => {
      const total: Gradients = new Map();
      for (let i = 0; i < 3; i++) {
        const { value, grads } = valueAndGrad(() => sumAll(exp(x)), [x]);
        accumulate(total, grads);
        value[Symbol.dispose]();
        expect(backend.memory.buffers).toBe(2);
      }
    });
    expect(backend.memory.buffers).toBe(1);
  });

  test("two batches are one batch of both", async () => {
    using table = from([1, 2, 3, 4], [2, 2]);
    const loss = (ids: number[]) => () =>
      meanAll(exp(gather(table, Tensor.from(backend, Int32Array.from(ids)))));
    const total = tidy(() => {
      const sum: Gradients = new Map();
      for (const ids of [
        [0, 1],
        [1, 1],
      ])
        accumulate(sum, valueAndGrad(loss(ids), [table]).grads, 1 / 2);
      return sum;
    });
    const whole = tidy(() => valueAndGrad(loss([0, 1, 1, 1]), [table]).grads);
    const [a, b] = [await numbers(total.get(table)), await numbers(whole.get(table))];
    for (const [i, v] of a!.entries()) expect(v).toBeCloseTo(b![i]!, 5);
    dispose([total, whole]);
  });
});
