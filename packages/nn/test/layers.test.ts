import { reference } from "@muladd/backend-reference";
import { dispose, Parameter, ShapeError, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { blank, Embedding, init, LayerNorm, Linear, MLP, RMSNorm, SwiGLU } from "../src/index.ts";
import { deviation, expectClose, mean } from "./close.ts";

const EXACT = 1e-6; // float32 holds seven digits of numbers near 1
const backend = reference();
const seeded = () => init(backend, 7);
const grid = (shape: number[], f: (i: number) => number = (i) => Math.sin(i + 1)) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, i) => f(i));
};

describe("Linear", () => {
  test("multiplies by the transposed weight and adds the bias", async () => {
    const layer = new Linear(3, 2, blank(backend));
    layer.weight.write([1, 2, 3, 4, 5, 6]);
    layer.bias!.write([10, 20]);
    const y = layer.forward(Tensor.from(backend, [1, 0, 2, -1, 1, 0], [2, 1, 3]));
    expect(y.shape).toEqual([2, 1, 2]);
    expect([...(await y.data())]).toEqual([17, 36, 11, 21]);
  });

  test("has no bias when told so, and a bias of zeros otherwise", async () => {
    expect(new Linear(3, 2, seeded(), { bias: false }).bias).toBeUndefined();
    expect([...(await new Linear(3, 2, seeded()).bias!.data())]).toEqual([0, 0]);
  });

  test("draws weights of mean 0 and the deviation asked for", async () => {
    for (const std of [undefined, 0.5]) {
      const layer = new Linear(100, 200, seeded(), std === undefined ? {} : { std });
      const weights = await layer.weight.data();
      const wanted = std ?? 0.02;
      // The mean of n draws has deviation σ/√n, their deviation σ/√(2n): four of these
      expect(Math.abs(mean(weights))).toBeLessThan((4 * wanted) / Math.sqrt(20_000));
      expect(Math.abs(deviation(weights) - wanted)).toBeLessThan((4 * wanted) / Math.sqrt(40_000));
    }
  });

  test("refuses an input of another width", () => {
    expect(() => new Linear(3, 2, seeded()).forward(Tensor.from(backend, [1, 2], [1, 2]))).toThrow(
      ShapeError,
    );
  });
});

describe("init", () => {
  test("gives the same weights for the same seed, and others for another", async () => {
    const weights = async (seed: number) => {
      const from = init(backend, seed);
      const [a, b] = [from.normal([5, 3], 1), from.normal([5, 3], 1)];
      return [[...(await a.data())], [...(await b.data())]] as const;
    };
    const [a, b] = await weights(3);
    expect(await weights(3)).toEqual([a, b]);
    expect(a).not.toEqual(b);
    expect((await weights(4))[0]).not.toEqual(a);
  });

  test("gives the same weights on another backend", async () => {
    const other = reference({ fused: false });
    const a = init(backend, 9).normal([7], 0.02);
    const b = init(other, 9).normal([7], 0.02);
    expect([...(await b.data())]).toEqual([...(await a.data())]);
  });

  test("blank gives zeros where weights are random, and constants as they are", async () => {
    const none = blank(backend);
    expect([...(await none.normal([3], 1).data())]).toEqual([0, 0, 0]);
    expect([...(await none.constant([2], 1).data())]).toEqual([1, 1]);
  });
});

describe("Embedding", () => {
  test("gives the row of each id", async () => {
    const layer = new Embedding(3, 2, blank(backend));
    layer.weight.write([1, 2, 3, 4, 5, 6]);
    const y = layer.forward(Tensor.from(backend, [2, 0, 0, 1], [2, 2], "i32"));
    expect(y.shape).toEqual([2, 2, 2]);
    expect([...(await y.data())]).toEqual([5, 6, 1, 2, 1, 2, 3, 4]);
  });

  test("gives NaN for ids that it does not have", async () => {
    const layer = new Embedding(3, 1, seeded());
    const y = await layer.forward(Tensor.from(backend, [-1, 3, 1], [3], "i32")).data();
    expect([...y].map(Number.isNaN)).toEqual([true, true, false]);
  });

  test("draws vectors of the deviation asked for", async () => {
    const weights = await new Embedding(200, 100, seeded(), 0.1).weight.data();
    expect(Math.abs(deviation(weights) - 0.1)).toBeLessThan(0.4 / Math.sqrt(40_000));
  });
});

describe("norms", () => {
  const x = grid([2, 3, 8], (i) => 5 + 3 * Math.sin(i * i));
  const input = () => Tensor.from(backend, x, [2, 3, 8]);
  const rowsOf = (values: ArrayLike<number>) =>
    Array.from({ length: 6 }, (_, r) => Array.from(values).slice(r * 8, (r + 1) * 8));

  test("LayerNorm begins as (x − mean) / √(variance + ε)", async () => {
    const layer = new LayerNorm(8, seeded());
    const y = layer.forward(input());
    expect(y.shape).toEqual([2, 3, 8]);
    const expected = rowsOf(x).flatMap((row) =>
      row.map((v) => (v - mean(row)) / Math.sqrt(deviation(row) ** 2 + 1e-5)),
    );
    expectClose(await y.data(), expected, EXACT);
  });

  test("LayerNorm scales by its gain, shifts by its bias and takes its epsilon", async () => {
    const layer = new LayerNorm(8, seeded(), { epsilon: 1 });
    layer.gain.write(grid([8], (i) => i));
    layer.bias!.write(grid([8], (i) => -i / 2));
    const expected = rowsOf(x).flatMap((row) =>
      row.map((v, i) => ((v - mean(row)) / Math.sqrt(deviation(row) ** 2 + 1)) * i - i / 2),
    );
    expectClose(await layer.forward(input()).data(), expected, 10 * EXACT); // values up to 10
  });

  test("LayerNorm has no bias when told so", () => {
    expect(new LayerNorm(8, seeded(), { bias: false }).bias).toBeUndefined();
  });

  test("RMSNorm gives x / √(mean x² + ε) times its gain", async () => {
    const layer = new RMSNorm(8, seeded(), 0.5);
    layer.gain.write(grid([8], (i) => i - 3));
    const expected = rowsOf(x).flatMap((row) => {
      const rms = Math.sqrt(mean(row.map((v) => v * v)) + 0.5);
      return row.map((v, i) => (v / rms) * (i - 3));
    });
    expectClose(await layer.forward(input()).data(), expected, 10 * EXACT); // values up to 8
    expect(new RMSNorm(8, seeded()).epsilon).toBe(1e-6);
  });
});

describe("MLP", () => {
  test("goes through four times the width and back, with the activation between", async () => {
    const mlp = new MLP({ width: 2, activation: "gelu" }, seeded());
    expect(mlp.up.weight.shape).toEqual([8, 2]);
    expect(mlp.down.weight.shape).toEqual([2, 8]);
    const [up, down] = [await mlp.up.weight.data(), await mlp.down.weight.data()];
    const x = [3, -4];
    const hidden = Array.from({ length: 8 }, (_, j) => {
      const h = up[2 * j]! * x[0]! + up[2 * j + 1]! * x[1]!;
      return 0.5 * h * (1 + erf(h / Math.SQRT2));
    });
    const expected = [0, 1].map((i) => hidden.reduce((s, h, j) => s + h * down[8 * i + j]!, 0));
    expectClose(await mlp.forward(Tensor.from(backend, x, [1, 1, 2])).data(), expected, EXACT);
  });

  test("takes its hidden width, activation, biases and output deviation from its config", async () => {
    const config = { width: 64, hidden: 96, bias: false, outStd: 0.001 } as const;
    const mlp = new MLP({ ...config, activation: "geluTanh" }, seeded());
    expect(mlp.up.weight.shape).toEqual([96, 64]);
    expect([mlp.up.bias, mlp.down.bias]).toEqual([undefined, undefined]);
    expect(deviation(await mlp.down.weight.data())).toBeCloseTo(0.001, 4);
    expect(deviation(await mlp.up.weight.data())).toBeCloseTo(0.02, 3);
    const x = Tensor.from(
      backend,
      grid([1, 64], (i) => 40 * Math.sin(i)),
      [1, 64],
    );
    const exact = new MLP({ ...config, activation: "gelu" }, seeded());
    expect([...(await mlp.forward(x).data())]).not.toEqual([...(await exact.forward(x).data())]);
  });
});

describe("SwiGLU", () => {
  test("is down(silu(gate(x)) ∘ up(x))", async () => {
    const mlp = new SwiGLU({ width: 2, hidden: 3 }, seeded());
    const layers = [mlp.gate, mlp.up, mlp.down];
    const [gate, up, down] = await Promise.all(layers.map((layer) => layer.weight.data()));
    const x = [30, -40];
    const hidden = [0, 1, 2].map((j) => {
      const [a, u] = [gate, up].map((w) => w![2 * j]! * x[0]! + w![2 * j + 1]! * x[1]!);
      return (a! / (1 + Math.exp(-a!))) * u!;
    });
    const expected = [0, 1].map((i) => hidden.reduce((s, h, j) => s + h * down![3 * i + j]!, 0));
    expectClose(await mlp.forward(Tensor.from(backend, x, [1, 1, 2])).data(), expected, EXACT);
  });

  test("weighs what an MLP does unless told otherwise, and has no biases", () => {
    const mlp = new SwiGLU({ width: 96 }, seeded());
    expect(mlp.gate.weight.shape).toEqual([256, 96]);
    expect(mlp.up.weight.shape).toEqual([256, 96]);
    expect(mlp.down.weight.shape).toEqual([96, 256]);
    const layers = [mlp.gate, mlp.up, mlp.down];
    expect(layers.map((layer) => layer.bias)).toEqual([undefined, undefined, undefined]);
    const biased = new SwiGLU({ width: 7, hidden: 5, bias: true }, seeded());
    expect(biased.gate.bias!.shape).toEqual([5]);
    expect(biased.down.bias!.shape).toEqual([7]);
    expect(new SwiGLU({ width: 7 }, seeded()).up.weight.shape).toEqual([32, 7]);
  });
});

test.each([
  ["MLP", MLP],
  ["SwiGLU", SwiGLU],
])("%s keeps nothing but its result", (_, Layer) => {
  using own = reference();
  const mlp = new Layer({ width: 4 }, init(own, 1));
  const before = own.memory.buffers;
  const x = Tensor.from(own, grid([1, 2, 4]), [1, 2, 4]);
  const y = mlp.forward(x);
  expect(own.memory.buffers).toBe(before + 2);
  dispose([x, y, mlp]);
  expect(own.memory.buffers).toBe(0);
});

test("parameters outlive the scope that made them", async () => {
  const layer = tidy(() => new Linear(2, 1, seeded()));
  expect(layer.weight).toBeInstanceOf(Parameter);
  expect((await layer.weight.data()).length).toBe(2);
});

/** 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)): exact to double precision for |x| < 2. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
