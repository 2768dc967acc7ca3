import type { BinaryName, UnaryName } from "@muladd/tensor";
import { fillUniform } from "@muladd/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, LENGTHS, TOLERANCE, tested, whole, worst } from "./harness.ts";
import { erf } from "./oracle.ts";

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  1e-40,
  -1e-40,
  1e-10,
  88.7,
  88.8,
  100,
  -87.2,
  -87.4,
  -95,
  -103.9,
  -105,
  1e4,
  -1e4,
  1e5,
  3e7,
  1e10,
  3e38,
  -3e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
].map(Math.fround);

const UNARY: Record<UnaryName, (x: number, c: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  rsqrt: (x) => 1 / Math.sqrt(x),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  scale: (x, c) => x * c,
  shift: (x, c) => x + c,
};

const BINARY: Record<BinaryName, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  greaterEqual: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
};

describe.each(tested)("%s", (variant) => {
  let t: Awaited<ReturnType<typeof Bench.open>>;
  beforeAll(async () => {
    t = await Bench.open(variant);
  });
  afterAll(() => t.backend[Symbol.dispose]());

  describe.each(Object.keys(UNARY) as UnaryName[])("%s", (op) => {
    const f = UNARY[op];
    it("is near float64 at every length", async () => {
      for (const n of LENGTHS) {
        const x = op === "log" || op === "rsqrt" ? t.numbers(n, 0.01, 2) : t.numbers(n);
        const out = t.out([n]);
        t.backend.kernels.unary(op, out, t.dense([n], x), 1.5);
        expect(
          worst(
            await t.read(out),
            x.map((v) => f(v, 1.5)),
          ),
        ).toBeLessThan(TOLERANCE);
      }
    });

    it("is relatively exact to a few last bits over the whole range", async () => {
      const range: Partial<Record<UnaryName, [number, number]>> = {
        exp: [-87, 88],
        log: [1e-3, 1e6],
        sin: [-1e5, 1e5],
        cos: [-1e5, 1e5],
        tanh: [-9, 9],
        erf: [-4.5, 4.5],
      };
      const [low, high] = range[op] ?? [0.01, 1000];
      const x = t.numbers(4000, low, high);
      const out = t.out([x.length]);
      t.backend.kernels.unary(op, out, t.dense([x.length], x), 1.5);
      const y = await t.read(out);
      // sin and cos have roots, where only the absolute error is bounded.
      const floor = op === "sin" || op === "cos" ? 0.1 : 0;
      let ulps = 0;
      x.forEach((v, i) => {
        const exact = f(v, 1.5);
        ulps = Math.max(
          ulps,
          Math.abs(y[i]! - exact) / Math.max(floor, Math.abs(exact)) / 2 ** -24,
        );
      });
      // erf and tanh are rational approximations: several roundings above and below the line.
      expect(ulps).toBeLessThan(op === "erf" || op === "tanh" ? 10 : 4.5);
    });

    it("treats 0, subnormals, infinities and NaN as IEEE 754 does", async () => {
      const out = t.out([SPECIAL.length]);
      t.backend.kernels.unary(op, out, t.dense([SPECIAL.length], SPECIAL), 1.5);
      const y = await t.read(out);
      SPECIAL.forEach((x, i) => {
        const exact = Math.fround(f(x, 1.5));
        const label = `${op}(${x}) = ${y[i]}, not ${exact}`;
        if (Number.isFinite(exact))
          expect(Math.abs(y[i]! - exact), label).toBeLessThanOrEqual(
            1e-6 * Math.abs(exact) + 2 ** -148,
          );
        else expect(y[i], label).toBe(exact);
      });
    });
  });

  it("neg, scale and shift serve i32", async () => {
    const x = [0, 1, -1, 7, -8, 2 ** 30, -(2 ** 31)];
    for (const [op, c, f] of [
      ["neg", 0, (v: number) => -v],
      ["scale", 3, (v: number) => v * 3],
      ["shift", -2, (v: number) => v - 2],
    ] as const) {
      const out = t.out([x.length], "i32");
      t.backend.kernels.unary(op, out, t.dense([x.length], x, "i32"), c);
      expect(await t.read(out)).toEqual([...Int32Array.from(x, f)]);
    }
  });

  describe.each(Object.keys(BINARY) as BinaryName[])("%s", (op) => {
    const f = BINARY[op];
    it("takes equal shapes, scalars, rows, columns and outer products", async () => {
      for (const [rows, n] of [
        [1, 1],
        [3, 5],
        [4, 8],
        [7, 33],
        [1, 257],
        [65, 1],
        [0, 4],
        [3, 0],
      ] as const) {
        const [a, b, row, column] = [rows * n, rows * n, n, rows].map((k) => t.numbers(k));
        const one = t.numbers(1);
        const shapes: [number[], number[]][] = [
          [a!, [n, 1]],
          [b!, [n, 1]],
          [row!, [0, 1]],
          [column!, [1, 0]],
          [one, [0, 0]],
        ];
        for (const [x, sx] of shapes)
          for (const [y, sy] of shapes) {
            const out = t.out([rows, n]);
            const view = (data: number[], strides: number[]) => ({
              ...t.dense([data.length], data),
              shape: [rows, n],
              strides,
              offset: 0,
            });
            t.backend.kernels.binary(op, out, view(x, sx), view(y, sy));
            const expected: number[] = [];
            for (let i = 0; i < rows; i++)
              for (let j = 0; j < n; j++)
                expected.push(f(x[i * sx[0]! + j * sx[1]!]!, y[i * sy[0]! + j * sy[1]!]!));
            expect(worst(await t.read(out), expected)).toBeLessThan(TOLERANCE);
          }
      }
    });

    it("walks any strides and offset", async () => {
      const shape = [2, 3, 4, 5];
      const a = t.numbers(3 + 120);
      const b = t.numbers(60);
      const out = t.out(shape);
      const va = { ...t.dense([123], a), shape, strides: [5, 10, 30, 1], offset: 3 };
      const vb = { ...t.dense([60], b), shape, strides: [0, 1, 3, 12], offset: 0 };
      t.backend.kernels.binary(op, out, va, vb);
      const expected: number[] = [];
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 3; j++)
          for (let k = 0; k < 4; k++)
            for (let l = 0; l < 5; l++)
              expected.push(f(a[3 + i * 5 + j * 10 + k * 30 + l]!, b[j + k * 3 + l * 12]!));
      expect(worst(await t.read(out), expected)).toBeLessThan(TOLERANCE);
    });

    it("propagates NaN and infinities", async () => {
      const pairs = SPECIAL.flatMap((x) => SPECIAL.map((y) => [x, y] as const));
      const out = t.out([pairs.length]);
      const [a, b] = [0, 1].map((i) =>
        whole(
          t.dense(
            [pairs.length],
            pairs.map((p) => p[i]!),
          ),
        ),
      );
      t.backend.kernels.binary(op, out, a!, b!);
      expect(await t.read(out)).toEqual(pairs.map(([x, y]) => Math.fround(f(x, y))));
    });

    if (op !== "div")
      it("serves i32", async () => {
        const a = Array.from({ length: 37 }, () => t.integer(2 ** 32) - 2 ** 31);
        const b = a.map((v, i) => (i % 3 ? t.integer(2 ** 32) - 2 ** 31 : v));
        const out = t.out([37], "i32");
        t.backend.kernels.binary(
          op,
          out,
          whole(t.dense([37], a, "i32")),
          whole(t.dense([37], b, "i32")),
        );
        const exact = op === "mul" ? Math.imul : f;
        expect(await t.read(out)).toEqual(a.map((v, i) => exact(v, b[i]!) | 0));
      });
  });

  it("compares into the other dtype", async () => {
    const a = [1, 2, 3, 4, 5];
    const b = [5, 2, 4, 4, 0];
    for (const op of ["greaterEqual", "equal"] as const)
      for (const dtype of ["f32", "i32"] as const) {
        const out = t.out([5], dtype === "f32" ? "i32" : "f32");
        t.backend.kernels.binary(
          op,
          out,
          whole(t.dense([5], a, dtype)),
          whole(t.dense([5], b, dtype)),
        );
        expect(await t.read(out)).toEqual(a.map((v, i) => BINARY[op](v, b[i]!)));
      }
  });

  it("selects by mask of either dtype, broadcast or strided", async () => {
    for (const dtype of ["f32", "i32"] as const)
      for (const strides of [
        [33, 1],
        [0, 1],
        [1, 0],
        [0, 0],
        [1, 5],
      ] as const) {
        const [rows, n] = [5, 33];
        const mask = Array.from({ length: rows * n }, () => t.integer(3) - 1);
        const [a, b] = [t.numbers(rows * n), t.numbers(n)];
        const out = t.out([rows, n]);
        const shape = [rows, n];
        t.backend.kernels.select(
          out,
          { ...t.dense([rows * n], mask, dtype), shape, strides, offset: 0 },
          whole(t.dense(shape, a)),
          { ...t.dense([n], b), shape, strides: [0, 1], offset: 0 },
        );
        expect(await t.read(out)).toEqual(
          a.map((v, i) =>
            mask[Math.floor(i / n) * strides[0] + (i % n) * strides[1]] ? v : b[i % n],
          ),
        );
      }
  });

  it("takes a NaN in a mask for not zero, and −0 for zero", async () => {
    const out = t.out([4]);
    const mask = whole(t.dense([4], [Number.NaN, -0, 0, 1e-45]));
    t.backend.kernels.select(
      out,
      mask,
      whole(t.dense([4], [1, 1, 1, 1])),
      whole(t.dense([4], [2, 2, 2, 2])),
    );
    expect(await t.read(out)).toEqual([1, 2, 2, 1]);
  });

  it("fills with constants and ramps", async () => {
    for (const n of LENGTHS)
      for (const [start, step] of [
        [0, 0],
        [1.25, 0],
        [-3, 2],
        [0.1, 0.7],
      ] as const) {
        const out = t.out([n]);
        t.backend.kernels.fill(out, start, step);
        expect(await t.read(out)).toEqual(
          Array.from({ length: n }, (_, i) => Math.fround(start + step * i)),
        );
      }
    const out = t.out([9], "i32");
    t.backend.kernels.fill(out, 5, -3);
    expect(await t.read(out)).toEqual([5, 2, -1, -4, -7, -10, -13, -16, -19]);
  });

  it("draws the bits that @muladd/tensor defines", async () => {
    for (const n of LENGTHS) {
      const key = [t.integer(2 ** 32), t.integer(2 ** 32)] as const;
      const counter = t.integer(2 ** 32);
      const out = t.out([n]);
      t.backend.kernels.uniform(out, key, counter);
      const expected = new Float32Array(n);
      fillUniform(expected, key, counter);
      expect(await t.read(out)).toEqual([...expected]);
    }
  });
});
