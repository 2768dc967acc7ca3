import { reference } from "@muladd/backend-reference";
import {
  add,
  dispose,
  exp,
  full,
  gather,
  layerNorm,
  log,
  matmul,
  mul,
  Parameter,
  reshape,
  ShapeError,
  sumAll,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { differentiable, valueAndGrad, vjp, vjps } from "../src/index.ts";

let backend = reference();
beforeEach(() => {
  backend = reference();
});
afterEach(() => {
  expect(backend.memory.buffers).toBe(0); // every test cleans up
});

const from = (data: number[], shape?: number[]) => Tensor.from(backend, data, shape, "f32");
const numbers = async (t: Tensor | undefined) => (t ? [...(await t.data())] : undefined);

describe("valueAndGrad", () => {
  test("gives the value and a gradient of each tensor's shape", async () => {
    using a = from([1, 2, 3, 4], [2, 2]);
    using b = from([5, 6], [2]);
    const { value, grads } = valueAndGrad(() => sumAll(mul(mul(a, a), b)), [a, b]);
    expect(await value.item()).toBe(5 + 24 + 45 + 96);
    expect(await numbers(grads.get(a))).toEqual([10, 24, 30, 48]);
    expect(await numbers(grads.get(b))).toEqual([10, 20]);
    expect(grads.get(b)!.shape).toEqual([2]);
    dispose([value, grads]);
  });

  test("adds up what flows through every use of a tensor", async () => {
    using x = from([3]);
    const { value, grads } = valueAndGrad(() => {
      const y = add(x, x); // 2x
      return sumAll(add(mul(y, y), add(y, mul(x, y)))); // 4x² + 2x + 2x²
    }, [x]);
    expect(await numbers(grads.get(x))).toEqual([12 * 3 + 2]);
    dispose([value, grads]);
  });

  test("sums broadcast axes back to the operand's shape", async () => {
    using row = from([1, 2, 3], [3]);
    using column = from([1, 2], [2, 1]);
    using scalar = from([2], []);
    const { value, grads } = valueAndGrad(
      () => sumAll(mul(scalar, mul(row, column))),
      [row, column, scalar],
    );
    expect(await numbers(grads.get(row))).toEqual([6, 6, 6]);
    expect(await numbers(grads.get(column))).toEqual([12, 12]);
    expect(await numbers(grads.get(scalar))).toEqual([18]);
    expect(grads.get(column)!.shape).toEqual([2, 1]);
    expect(grads.get(scalar)!.shape).toEqual([]);
    dispose([value, grads]);
  });

  test("the value itself may be differentiated for", async () => {
    using x = from([2], []);
    const { value, grads } = valueAndGrad(() => x, [x]);
    expect(await numbers(grads.get(x))).toEqual([1]);
    dispose(grads);
    expect(value).toBe(x);
  });

  test("a tensor without influence has no gradient", async () => {
    using x = from([2]);
    using idle = from([3]);
    const { value, grads } = valueAndGrad(() => sumAll(exp(x)), [x, idle]);
    expect([...grads.keys()]).toEqual([x]);
    dispose([value, grads]);
  });

  test("work that does not lead to the result costs no gradient", async () => {
    using x = from([2]);
    const { value, grads } = valueAndGrad(() => {
      log(exp(x));
      return sumAll(mul(x, 3));
    }, [x]);
    expect(await numbers(grads.get(x))).toEqual([3]);
    dispose([value, grads]);
  });

  test("a result that is not a scalar is refused with the remedy", () => {
    using x = from([1, 2]);
    const attempt = () => valueAndGrad(() => exp(x), [x]);
    expect(attempt).toThrow(ShapeError);
    expect(attempt).toThrow(
      "valueAndGrad: needs a scalar (), got (2); reduce it with sumAll or meanAll",
    );
  });

  test("a result that does not depend on the tensors is refused", () => {
    using x = from([1, 2]);
    using other = from([1, 2]);
    expect(() => valueAndGrad(() => sumAll(exp(other)), [x])).toThrow(
      /does not depend on any of the tensors/,
    );
  });

  test("a tensor that the function disposes early is still differentiated", async () => {
    using x = from([1, 2]);
    const { value, grads } = valueAndGrad(() => {
      const y = mul(x, x);
      const z = mul(y, y);
      y[Symbol.dispose]();
      return sumAll(z);
    }, [x]);
    expect(await numbers(grads.get(x))).toEqual([4, 32]);
    dispose([value, grads]);
  });

  test("what no derivative reads is freed during the forward pass", () => {
    const peak = (f: (t: Tensor) => Tensor) => {
      using device = reference();
      using t = Tensor.from(device, new Float32Array(1000));
      const { value, grads } = valueAndGrad(() => sumAll(f(t)), [t]);
      dispose([value, grads]);
      return device.memory.peakBytes;
    };
    const chain = (n: number, f: (t: Tensor) => Tensor) => (t: Tensor) => {
      let y = t;
      for (let i = 0; i < n; i++) {
        const next = f(y);
        if (y !== t) y[Symbol.dispose]();
        y = next;
      }
      return y;
    };
    // A sum needs neither operand again, a product needs both.
    expect(peak(chain(20, (y) => add(y, 1)))).toBe(peak(chain(5, (y) => add(y, 1))));
    expect(peak(chain(20, (y) => mul(y, y)))).toBeGreaterThan(peak(chain(5, (y) => mul(y, y))));
  });

  test("parameters may not change while they are recorded", () => {
    using p = Parameter.of(backend, [1, 2], [2]);
    using next = from([3, 4]);
    const attempt = (change: () => void) => () =>
      valueAndGrad(() => {
        change();
        return sumAll(p);
      }, [p]);
    const refusal =
      /may not change while its gradient is recorded; move the update after valueAndGrad/;
    expect(attempt(() => p.assign(next))).toThrow(refusal);
    expect(attempt(() => p.write([3, 4]))).toThrow(refusal);
    expect(attempt(() => p.store(next, 0, 0))).toThrow(refusal);
    p.assign(next); // and may again afterwards
  });

  test("a gradient can be differentiated, through fused ops and their residuals too", async () => {
    using x = from([1, 2, 4], [1, 3]);
    using gain = from([1, 2, 3]);
    const slope = (t: Tensor) =>
      tidy(() => {
        const { grads } = valueAndGrad(() => sumAll(exp(layerNorm(t, gain))), [t]);
        return sumAll(mul(grads.get(t)!, from([1, -1, 2], [1, 3])));
      });
    const { value, grads } = valueAndGrad(() => slope(x), [x]);
    const second = await numbers(grads.get(x));
    dispose([value, grads]);

    using oracle = reference({ precision: "f64" });
    const at = async (data: number[]) => {
      using t = Tensor.from(oracle, data, [1, 3], "f32");
      using g = Tensor.from(oracle, [1, 2, 3], [3], "f32");
      using w = Tensor.from(oracle, [1, -1, 2], [1, 3], "f32");
      using s = tidy(() => {
        const inner = valueAndGrad(() => sumAll(exp(layerNorm(t, g))), [t]);
        return sumAll(mul(inner.grads.get(t)!, w));
      });
      return await s.item();
    };
    for (const i of [0, 1, 2]) {
      const shifted = (h: number) => [1, 2, 4].map((v, j) => (i === j ? v + h : v));
      const expected = ((await at(shifted(1e-5))) - (await at(shifted(-1e-5)))) / 2e-5;
      expect(second![i]).toBeCloseTo(expected, 3);
    }
  });

  test("a third derivative is right", async () => {
    using x = from([2], []);
    const derivative = (f: (t: Tensor) => Tensor) => (t: Tensor) =>
      tidy(() => valueAndGrad(() => f(t), [t]).grads.get(t)!);
    using third = derivative(derivative(derivative((t) => mul(mul(t, t), mul(t, t)))))(x);
    expect(await third.item()).toBe(48); // 24x
  });
});

test("a derivative that throws leaves nothing of what was saved for it", () => {
  using x = from([1, 2, 3]);
  const faulty = differentiable({
    forward: (y) => mul(y!, 2),
    vjp: () => {
      throw new Error("stop");
    },
  });
  const loss = () => sumAll(exp(faulty(exp(mul(x, x)))));
  expect(() => valueAndGrad(loss, [x])).toThrow("stop");
  expect(backend.memory.buffers).toBe(1);
});

test("vjp refuses a gradient of another shape than the result's", () => {
  using x = from([1, 2, 3]);
  using g = from([1], [1]);
  expect(() => vjp(() => mul(x, x), [x], g)).toThrow(
    "vjp: the gradient (1) must have the shape (3) of the result",
  );
});

test("vjp pulls any gradient of the result back", async () => {
  using a = from([1, 2, 3, 4], [2, 2]);
  using g = from([1, 0, 0, 0], [2, 2]);
  const grads = vjp(() => matmul(a, a), [a], g);
  expect(await numbers(grads.get(a))).toEqual([2, 3, 2, 0]); // d(a₀₀² + a₀₁a₁₀)
  dispose(grads);
});

test("vjp of what does not depend on the tensors is empty", () => {
  using a = from([1]);
  using b = from([1]);
  using g = from([1]);
  const made = vjp(() => exp(b), [a], g);
  expect(made.size).toBe(0);
});

describe("a gradient that adds itself to what there is", () => {
  const ids = () => Tensor.from(backend, Int32Array.of(1, 1), [2]);

  test("takes over its memory, so that a table of many rows has it once", async () => {
    using table = from(new Array(4000).fill(1), [1000, 4]);
    using chosen = ids();
    const before = backend.memory.bytes;
    // Backwards the sum over the whole table comes first, as a tied head does.
    const { value, grads } = valueAndGrad(() => {
      const rows = gather(table, chosen);
      return add(sumAll(table), sumAll(mul(rows, 2)));
    }, [table]);
    const g = await grads.get(table)!.data();
    expect([...g.slice(0, 8)]).toEqual([1, 1, 1, 1, 5, 5, 5, 5]);
    expect(g.every((x, i) => x === (i >> 2 === 1 ? 5 : 1))).toBe(true);
    expect(backend.memory.peakBytes - before).toBeLessThan(2 * 16_000);
    dispose([value, grads]);
  });

  test("leaves memory alone that another gradient shares", async () => {
    using table = from([1, 2, 3, 4], [2, 2]);
    using other = from([5, 6, 7, 8], [2, 2]);
    using chosen = ids();
    const { value, grads } = valueAndGrad(() => {
      const rows = gather(table, chosen);
      return add(sumAll(mul(add(table, other), 3)), sumAll(rows));
    }, [table, other]);
    expect(await numbers(grads.get(table))).toEqual([3, 3, 5, 5]);
    expect(await numbers(grads.get(other))).toEqual([3, 3, 3, 3]);
    dispose([value, grads]);
  });

  test("is itself differentiated", async () => {
    using table = from([1, 2, 3, 4], [2, 2]);
    using chosen = ids();
    const inner = () => {
      const { grads } = valueAndGrad(() => {
        const rows = gather(table, chosen);
        return add(sumAll(mul(table, table)), sumAll(mul(rows, mul(rows, rows))));
      }, [table]);
      return sumAll(grads.get(table)!); // Σ 2x + 2 · 3x² over the row that was chosen twice
    };
    const { value, grads } = valueAndGrad(() => tidy(inner), [table]);
    expect(await value.item()).toBe(20 + 6 * (9 + 16));
    expect(await numbers(grads.get(table))).toEqual([2, 2, 2 + 36, 2 + 48]);
    dispose([value, grads]);
  });
});

describe("saves", () => {
  test("what a derivative did not declare cannot be read: a wrong row fails loudly", () => {
    using x = from([1, 2]);
    const row = vjps.exp as { saves?: readonly string[] };
    const declared = row.saves!;
    try {
      row.saves = [];
      expect(() => valueAndGrad(() => sumAll(exp(x)), [x])).toThrow(
        /was used after it was disposed/,
      );
    } finally {
      row.saves = declared;
    }
  });

  test("shapes stay readable of what is not saved", async () => {
    using x = from([1, 2, 3, 4], [2, 2]);
    const { value, grads } = valueAndGrad(() => sumAll(reshape(x, [4])), [x]);
    expect(grads.get(x)!.shape).toEqual([2, 2]);
    dispose([value, grads, full(backend, [], 0)]);
  });
});
