import type { DType, View } from "@muladd/tensor";
import { denseStrides, size } from "@muladd/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, LENGTHS, tested, whole, worst } from "./harness.ts";

/** Element places of a view, in row-major order. */
function places({ shape, strides, offset }: View): number[] {
  let all = [offset];
  shape.forEach((d, axis) => {
    all = all.flatMap((p) => Array.from({ length: d }, (_, i) => p + i * strides[axis]!));
  });
  return all;
}

describe.each(tested)("%s", (variant) => {
  let t: Awaited<ReturnType<typeof Bench.open>>;
  beforeAll(async () => {
    t = await Bench.open(variant, 4);
  });
  afterAll(() => t.backend[Symbol.dispose]());

  /** Copies between views of fresh buffers and checks every element, touched or not. */
  async function check(
    shape: readonly number[],
    to: Pick<View, "strides" | "offset">,
    from: Pick<View, "strides" | "offset">,
  ): Promise<void> {
    const of = (v: Pick<View, "strides" | "offset">) =>
      size(shape) === 0 ? 1 : Math.max(...places({ ...v, shape } as View)) + 1;
    const x = t.numbers(of(from));
    const out = t.out([of(to)]);
    const source: View = { ...t.dense([x.length], x), shape, ...from };
    t.backend.kernels.copy({ ...out, shape, ...to }, source);
    const expected = new Array(of(to)).fill(-7777);
    const sources = places(source);
    places({ ...out, shape, ...to }).forEach((p, i) => {
      expected[p] = x[sources[i]!];
    });
    expect(await t.read(out), JSON.stringify({ shape, to, from })).toEqual(expected);
  }

  it("copies every permutation of four axes", async () => {
    for (const shape of [
      [2, 3, 4, 5],
      [5, 1, 9, 16],
      [3, 17, 2, 6],
    ])
      for (let i = 0; i < 24; i++) {
        const axes = [0, 1, 2, 3];
        for (let k = 3, code = i; k > 0; k--) {
          const j = code % (k + 1);
          code = Math.floor(code / (k + 1));
          [axes[k], axes[j]] = [axes[j]!, axes[k]!];
        }
        const strides = denseStrides(shape);
        const permuted = axes.map((a) => shape[a]!);
        const dense = { strides: denseStrides(permuted), offset: 0 };
        const view = { strides: axes.map((a) => strides[a]!), offset: 0 };
        await check(permuted, dense, view);
        await check(permuted, view, dense);
      }
  });

  it("copies transposes of all sizes", async () => {
    for (const rows of [1, 3, 4, 5, 8, 17, 33])
      for (const n of [1, 2, 4, 7, 16, 65])
        await check([rows, n], { strides: [n, 1], offset: 0 }, { strides: [1, rows], offset: 0 });
  });

  it("copies slices, pads, broadcasts and random strides", async () => {
    for (const n of LENGTHS)
      await check([n], { strides: [1], offset: 0 }, { strides: [1], offset: 3 });
    for (const n of LENGTHS)
      await check([n], { strides: [1], offset: 2 }, { strides: [0], offset: 1 });
    await check([3, 40], { strides: [100, 1], offset: 7 }, { strides: [55, 1], offset: 2 });
    await check(
      [3, 4, 300],
      { strides: [1200, 300, 1], offset: 0 },
      { strides: [0, 300, 1], offset: 0 },
    );
    await check([2, 0, 5], { strides: [5, 5, 1], offset: 0 }, { strides: [5, 5, 1], offset: 0 });
    await check([], { strides: [], offset: 4 }, { strides: [], offset: 2 });
    await check([1, 1], { strides: [7, 9], offset: 4 }, { strides: [3, 0], offset: 2 });
    await check(
      [2, 2, 2, 2, 2, 2, 2, 3],
      {
        strides: denseStrides([2, 2, 2, 2, 2, 2, 2, 3]),
        offset: 0,
      },
      { strides: [1, 4, 16, 64, 256, 1024, 4096, 8192], offset: 5 },
    );
    for (let i = 0; i < 60; i++) {
      const shape = Array.from({ length: 1 + t.integer(5) }, () => 1 + t.integer(6));
      // Output places must not repeat: a dense layout in a random order of axes, spread out.
      const order = shape.map((_, a) => [t.integer(100), a] as const).sort((a, b) => a[0] - b[0]);
      const strides = new Array<number>(shape.length).fill(0);
      let step = 1 + t.integer(3);
      for (const [, a] of order) {
        strides[a] = step;
        step *= shape[a]! + t.integer(2);
      }
      const from = { strides: shape.map(() => t.integer(7)), offset: t.integer(5) };
      await check(shape, { strides, offset: t.integer(5) }, from);
    }
  });

  it("converts between dtypes: truncates, saturates, NaN to 0", async () => {
    const x = [0, 1.9, -1.9, 2.5, 1e10, -1e10, Number.NaN, Number.POSITIVE_INFINITY, -0.5];
    const y = [0, 1, -1, 2, 2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 1, 0];
    for (const stride of [1, 2]) {
      const spread = (data: number[]) => data.flatMap((v) => (stride === 1 ? [v] : [v, 9]));
      const view = (data: number[], dtype: DType): View => ({
        ...t.dense([data.length * stride], spread(data), dtype),
        shape: [data.length],
        strides: [stride],
        offset: 0,
      });
      const ints = t.out([x.length], "i32");
      t.backend.kernels.copy(whole(ints), view(x, "f32"));
      expect(await t.read(ints)).toEqual(y);
      const floats = t.out([y.length]);
      t.backend.kernels.copy(whole(floats), view(y, "i32"));
      expect(await t.read(floats)).toEqual(y.map(Math.fround));
    }
  });

  it("sums and takes the max of any axis", async () => {
    for (const outer of [0, 1, 3])
      for (const n of [0, 1, 3, 16, 65, 257])
        for (const inner of [1, 2, 5, 16, 17, 37]) {
          const x = t.numbers(outer * n * inner);
          const ints = x.map((v) => Math.trunc(v * 1e6));
          const expected = (data: number[], op: "sum" | "max", empty: number) =>
            Array.from({ length: outer * inner }, (_, i) => {
              const at = Math.floor(i / inner) * n * inner + (i % inner);
              const column = Array.from({ length: n }, (_, r) => data[at + r * inner]!);
              return op === "sum" ? column.reduce((a, b) => a + b, 0) : Math.max(empty, ...column);
            });
          for (const op of ["sum", "max"] as const) {
            const out = t.out([outer, inner]);
            t.backend.kernels.reduce(op, out, t.dense([x.length], x), [outer, n, inner]);
            const want = expected(x, op, Number.NEGATIVE_INFINITY);
            expect(worst(await t.read(out), want), `${op} ${outer} ${n} ${inner}`).toBeLessThan(
              1e-5,
            );
            const outI = t.out([outer, inner], "i32");
            t.backend.kernels.reduce(op, outI, t.dense([x.length], ints, "i32"), [outer, n, inner]);
            expect(await t.read(outI)).toEqual(expected(ints, op, -(2 ** 31)).map((v) => v | 0));
          }
        }
  });

  it("sums a million elements within 1e-6, along rows and columns", async () => {
    const n = 2 ** 20;
    const x = new Float32Array(n).fill(0.1);
    const operand = t.dense([n], x);
    const out = t.out([4]);
    t.backend.kernels.reduce("sum", { ...out, shape: [1] }, operand, [1, n, 1]);
    t.backend.kernels.reduce("sum", { ...out, shape: [2] }, operand, [1, n / 2, 2]);
    const [a, b] = await t.read(out);
    const exact = Math.fround(0.1) * (n / 2);
    expect(Math.abs(a! / exact - 1)).toBeLessThan(1e-6);
    expect(Math.abs(b! / exact - 1)).toBeLessThan(1e-6);
    t.backend.kernels.reduce("sum", { ...out, shape: [1] }, operand, [1, n, 1]);
    expect(Math.abs((await t.read(out))[0]! / exact / 2 - 1)).toBeLessThan(1e-6);
  });

  it("propagates NaN through sum and max", async () => {
    for (const inner of [1, 3]) {
      const x = t.numbers(24 * inner);
      x[7 * inner] = Number.NaN;
      for (const op of ["sum", "max"] as const) {
        const out = t.out([inner]);
        t.backend.kernels.reduce(op, out, t.dense([x.length], x), [1, 24, inner]);
        const y = await t.read(out);
        expect(y[0]).toBeNaN();
        expect(y.slice(1).every(Number.isFinite)).toBe(true);
      }
    }
  });

  it("gathers rows; an id outside gives NaN or 0", async () => {
    for (const C of [1, 3, 8, 33]) {
      const [V, ids] = [5, [0, 4, 2, 2, -1, 5, 2 ** 31 - 1, 1]];
      const table = t.numbers(V * C);
      for (const dtype of ["f32", "i32"] as const) {
        const data = dtype === "f32" ? table : table.map((v) => Math.trunc(v * 1000));
        const out = t.out([2, 4, C], dtype);
        t.backend.kernels.gather(out, t.dense([V, C], data, dtype), t.dense([2, 4], ids, "i32"));
        const missing = dtype === "f32" ? Number.NaN : 0;
        expect(await t.read(out)).toEqual(
          ids.flatMap((id) =>
            Array.from({ length: C }, (_, c) => (id >= 0 && id < V ? data[id * C + c]! : missing)),
          ),
        );
      }
    }
  });

  it("scatters and adds in row order; an id outside is ignored", async () => {
    for (const C of [1, 4, 7])
      for (const dtype of ["f32", "i32"] as const) {
        const [V, ids] = [4, [3, 0, 3, -2, 4, 3]];
        const [start, rows] = [V * C, ids.length * C].map((n) =>
          t.numbers(n).map((v) => Math.trunc(v * 8) + 0),
        );
        const out = t.dense([V, C], start!, dtype);
        t.backend.kernels.scatterAdd(
          out,
          t.dense([ids.length, C], rows!, dtype),
          t.dense([ids.length], ids, "i32"),
        );
        const expected = [...start!];
        ids.forEach((id, r) => {
          if (id >= 0 && id < V)
            for (let c = 0; c < C; c++) expected[id * C + c]! += rows![r * C + c]!;
        });
        expect(await t.read(out)).toEqual(expected);
      }
  });
});
