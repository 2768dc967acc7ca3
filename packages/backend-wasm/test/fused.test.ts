import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, LENGTHS, TOLERANCE, tested, worst } from "./harness.ts";
import * as oracle from "./oracle.ts";

const ROWS = [0, 1, 3, 70];

describe.each(tested)("%s", (variant) => {
  let t: Awaited<ReturnType<typeof Bench.open>>;
  beforeAll(async () => {
    t = await Bench.open(variant, 5);
  });
  afterAll(() => t.backend[Symbol.dispose]());

  it("softmax and its gradient", async () => {
    for (const rows of ROWS)
      for (const n of LENGTHS.filter((n) => n > 0)) {
        const [x, g] = [t.numbers(rows * n), t.numbers(rows * n)];
        const [y, dx] = [t.out([rows, n]), t.out([rows, n])];
        t.backend.kernels.softmax!(y, t.dense([rows, n], x));
        t.backend.kernels.softmaxGrad!(dx, y, t.dense([rows, n], g));
        const exact = oracle.rowsOf(x, n).map(oracle.softmax);
        expect(worst(await t.read(y), exact.flat())).toBeLessThan(TOLERANCE);
        const grads = oracle.rowsOf(g, n).flatMap((row, r) => oracle.softmaxGrad(exact[r]!, row));
        expect(worst(await t.read(dx), grads)).toBeLessThan(TOLERANCE);
      }
  });

  it("softmax keeps the sum 1 on long rows and survives large and masked scores", async () => {
    const row = Array.from({ length: 50257 }, (_, i) => (i === 7 ? 3 : 0.5));
    const y = t.out([1, row.length]);
    t.backend.kernels.softmax!(y, t.dense([1, row.length], row));
    expect(worst(await t.read(y), oracle.softmax(row))).toBeLessThan(1e-6);
    const hard = [1e4, 1e4 - 1, Number.NEGATIVE_INFINITY, -1e30, 0];
    const out = t.out([1, 5]);
    t.backend.kernels.softmax!(out, t.dense([1, 5], hard));
    expect(worst(await t.read(out), oracle.softmax(hard))).toBeLessThan(TOLERANCE);
  });

  for (const [name, value, slope] of [
    ["gelu", oracle.gelu, oracle.geluSlope],
    ["geluTanh", oracle.geluTanh, oracle.geluTanhSlope],
  ] as const)
    it(`${name} and its derivative`, async () => {
      for (const n of [...LENGTHS, 4000]) {
        const wide = n === 4000 ? 12 : 2;
        const x = t.numbers(n, -wide, wide);
        const [y, z, dy] = [t.out([n]), t.out([n]), t.out([n])];
        t.backend.kernels[name]!(y, undefined, t.dense([n], x));
        t.backend.kernels[name]!(z, dy, t.dense([n], x));
        expect(worst(await t.read(y), x.map(value))).toBeLessThan(2e-6);
        expect(await t.read(z)).toEqual(await t.read(y));
        expect(worst(await t.read(dy), x.map(slope))).toBeLessThan(TOLERANCE);
      }
    });

  it("swiglu and its gradient", async () => {
    for (const n of [...LENGTHS, 4000]) {
      const wide = n === 4000 ? 100 : 2;
      const [gate, up, g] = [t.numbers(n, -wide, wide), t.numbers(n), t.numbers(n)];
      const [a, u] = [t.dense([n], gate), t.dense([n], up)];
      const [y, dgate, dup] = [t.out([n]), t.out([n]), t.out([n])];
      t.backend.kernels.swiglu!(y, a, u);
      t.backend.kernels.swigluGrad!(dgate, dup, a, u, t.dense([n], g));
      const s = gate.map((x) => 1 / (1 + Math.exp(-x)));
      const values = gate.map((x, i) => x * s[i]! * up[i]!);
      expect(worst(await t.read(y), values)).toBeLessThan(2e-6);
      const slopes = gate.map((x, i) => g[i]! * up[i]! * s[i]! * (1 + x * (1 - s[i]!)));
      expect(worst(await t.read(dgate), slopes)).toBeLessThan(2e-6);
      const rest = gate.map((x, i) => g[i]! * x * s[i]!);
      expect(worst(await t.read(dup), rest)).toBeLessThan(2e-6);
    }
  });

  it("swiglu and its gradient take infinities and NaN as the formula does, in vectors and tails", async () => {
    const special = [Infinity, -Infinity, Number.NaN, 1e38, -1e38, 0, -0, 88.8, -88.8, -104];
    const gate = [...special, ...special, ...special];
    const n = gate.length;
    const up = gate.map((_, i) => (i % 3) - 1);
    const [a, u, ones] = [t.dense([n], gate), t.dense([n], up), t.dense([n], new Array(n).fill(1))];
    const [y, dgate, dup] = [t.out([n]), t.out([n]), t.out([n])];
    t.backend.kernels.swiglu!(y, a, u);
    t.backend.kernels.swigluGrad!(dgate, dup, a, u, ones);
    const s = gate.map((x) => 1 / (1 + Math.exp(-x)));
    const f = Math.fround;
    const values = gate.map((x, i) => f(x * s[i]! * up[i]!));
    expect(worst(await t.read(y), values)).toBeLessThan(2e-6);
    const slopes = gate.map((x, i) => f(up[i]! * s[i]! * (1 + x * (1 - s[i]!))));
    expect(worst(await t.read(dgate), slopes)).toBeLessThan(2e-6);
    expect(
      worst(
        await t.read(dup),
        gate.map((x, i) => f(x * s[i]!)),
      ),
    ).toBeLessThan(2e-6);
  });

  it("rotary turns heads of every width, forth and back, and touches nothing else", async () => {
    for (const D of [2, 4, 6, 8, 10, 16, 24, 64, 66])
      for (const [B, T, heads, rest, start] of [
        [1, 1, 1, 0, 0],
        [2, 3, 2, 5, 4],
        [3, 2, 0, 7, 1],
        [2, 9, 3, 0, 2],
      ] as const) {
        const W = heads * D + rest;
        const x = t.numbers(B * T * W);
        const table = t.numbers((start + T) * D);
        for (const inverse of [false, true]) {
          const y = t.out([B, T, W]);
          const operands = [t.dense([B, T, W], x), t.dense([start + T, D], table)] as const;
          t.backend.kernels.rotary!(y, ...operands, { heads, start, inverse });
          const exact = x.map((v, at) => {
            const [row, column] = [Math.floor(at / W), at % W];
            if (column >= heads * D) return v;
            const i = column % D;
            const angle = (start + (row % T)) * D + (i % (D / 2));
            const sin = table[angle + D / 2]! * (inverse ? -1 : 1);
            const pair = i < D / 2 ? -x[at + D / 2]! : x[at - D / 2]!;
            return v * table[angle]! + pair * sin;
          });
          expect(worst(await t.read(y), exact)).toBeLessThan(2e-6);
        }
      }
  });

  it("layerNorm and its gradient, with and without bias", async () => {
    for (const rows of [...ROWS, 200])
      for (const C of [1, 3, 4, 7, 16, 33, 257])
        for (const biased of [true, false]) {
          const [x, g, gain, bias] = [rows * C, rows * C, C, C].map((n) => t.numbers(n)) as [
            number[],
            number[],
            number[],
            number[],
          ];
          const epsilon = 1e-5;
          const dx0 = t.dense([rows, C], x);
          const dg0 = t.dense([C], gain);
          const [y, mean, rstd] = [t.out([rows, C]), t.out([rows]), t.out([rows])];
          t.backend.kernels.layerNorm!(
            y,
            mean,
            rstd,
            dx0,
            dg0,
            biased ? t.dense([C], bias) : undefined,
            epsilon,
          );
          const exact = oracle.rowsOf(x, C).map((row) => oracle.moments(row, epsilon, true));
          // Short rows have small variances by chance, and rstd multiplies the rounding of x − mean.
          const tolerance = TOLERANCE * Math.max(1, ...exact.map(([, s]) => s));
          expect(
            worst(
              await t.read(mean),
              exact.map(([m]) => m),
            ),
          ).toBeLessThan(TOLERANCE);
          expect(
            worst(
              await t.read(rstd),
              exact.map(([, s]) => s),
            ),
          ).toBeLessThan(TOLERANCE);
          const values = x.map((v, i) => {
            const [m, s] = exact[Math.floor(i / C)]!;
            return (v - m) * s * gain[i % C]! + (biased ? bias[i % C]! : 0);
          });
          expect(worst(await t.read(y), values)).toBeLessThan(tolerance);
          const [dx, dgain, dbias] = [t.out([rows, C]), t.out([C]), t.out([C])];
          t.backend.kernels.layerNormGrad!(
            dx,
            dgain,
            biased ? dbias : undefined,
            dx0,
            dg0,
            mean,
            rstd,
            t.dense([rows, C], g),
          );
          const grads = oracle
            .rowsOf(x, C)
            .map((row, r) =>
              oracle.normGrad(row, gain, g.slice(r * C, (r + 1) * C), epsilon, true),
            );
          expect(
            worst(
              await t.read(dx),
              grads.flatMap((r) => r.dx),
            ),
          ).toBeLessThan(tolerance);
          const column = (pick: (r: number, c: number) => number) =>
            Array.from({ length: C }, (_, c) => grads.reduce((a, _, r) => a + pick(r, c), 0));
          const scale = Math.sqrt(Math.max(1, rows));
          expect(
            worst(
              await t.read(dgain),
              column((r, c) => grads[r]!.dgain[c]!),
            ) / scale,
          ).toBeLessThan(tolerance);
          if (biased)
            expect(
              worst(
                await t.read(dbias),
                column((r, c) => g[r * C + c]!),
              ) / scale,
            ).toBeLessThan(TOLERANCE);
        }
  });

  it("rmsNorm and its gradient", async () => {
    for (const rows of [...ROWS, 200])
      for (const C of [1, 3, 4, 7, 16, 33, 257]) {
        const [x, g, gain] = [rows * C, rows * C, C].map((n) => t.numbers(n)) as [
          number[],
          number[],
          number[],
        ];
        const epsilon = 1e-6;
        const [vx, vgain] = [t.dense([rows, C], x), t.dense([C], gain)];
        const [y, rstd] = [t.out([rows, C]), t.out([rows])];
        t.backend.kernels.rmsNorm!(y, rstd, vx, vgain, epsilon);
        const scales = oracle.rowsOf(x, C).map((row) => oracle.moments(row, epsilon, false)[1]);
        expect(worst(await t.read(rstd), scales)).toBeLessThan(TOLERANCE);
        expect(
          worst(
            await t.read(y),
            x.map((v, i) => v * scales[Math.floor(i / C)]! * gain[i % C]!),
          ),
        ).toBeLessThan(TOLERANCE);
        const [dx, dgain] = [t.out([rows, C]), t.out([C])];
        t.backend.kernels.rmsNormGrad!(dx, dgain, vx, vgain, rstd, t.dense([rows, C], g));
        const grads = oracle
          .rowsOf(x, C)
          .map((row, r) => oracle.normGrad(row, gain, g.slice(r * C, (r + 1) * C), epsilon, false));
        // Short rows are near 0 by chance, and rstd multiplies what is left when ĝ and its projection cancel.
        const tolerance = TOLERANCE * Math.max(1, ...scales);
        expect(
          worst(
            await t.read(dx),
            grads.flatMap((r) => r.dx),
          ),
        ).toBeLessThan(tolerance);
        const sums = Array.from({ length: C }, (_, c) =>
          grads.reduce((a, r) => a + r.dgain[c]!, 0),
        );
        expect(worst(await t.read(dgain), sums) / Math.sqrt(Math.max(1, rows))).toBeLessThan(
          TOLERANCE,
        );
      }
  });

  it("crossEntropy and its gradient; a negative target counts nothing", async () => {
    for (const rows of ROWS)
      for (const V of [1, 3, 5, 8, 17, 65, 257, 5000]) {
        const logits = t.numbers(rows * V);
        const targets = Array.from({ length: rows }, (_, r) => (r % 3 === 1 ? -1 : t.integer(V)));
        const g = t.numbers(rows);
        const [vl, vt] = [t.dense([rows, V], logits), t.dense([rows], targets, "i32")];
        const [losses, logSum] = [t.out([rows]), t.out([rows])];
        t.backend.kernels.crossEntropy!(losses, logSum, vl, vt);
        const exact = oracle.rowsOf(logits, V).map(oracle.logSumExp);
        expect(worst(await t.read(logSum), exact)).toBeLessThan(TOLERANCE);
        const want = targets.map((target, r) =>
          target < 0 ? 0 : exact[r]! - logits[r * V + target]!,
        );
        expect(worst(await t.read(losses), want)).toBeLessThan(TOLERANCE);
        const dlogits = t.out([rows, V]);
        t.backend.kernels.crossEntropyGrad!(dlogits, vl, vt, logSum, t.dense([rows], g));
        const grads = oracle
          .rowsOf(logits, V)
          .flatMap((row, r) =>
            row.map((x, i) =>
              targets[r]! < 0 ? 0 : g[r]! * (Math.exp(x - exact[r]!) - Number(i === targets[r])),
            ),
          );
        expect(worst(await t.read(dlogits), grads)).toBeLessThan(TOLERANCE);
      }
  });

  it("crossEntropy says NaN for a target beyond the vocabulary, and touches nothing else", async () => {
    const [losses, logSum] = [t.out([2]), t.out([2])];
    const logits = t.dense([2, 3], [1, 2, 3, 1, 2, 3]);
    const targets = t.dense([2], [3, 0], "i32");
    t.backend.kernels.crossEntropy!(losses, logSum, logits, targets);
    expect((await t.read(losses)).map(Number.isNaN)).toEqual([true, false]);
    const dlogits = t.out([2, 3]);
    t.backend.kernels.crossEntropyGrad!(dlogits, logits, targets, logSum, t.dense([2], [1, 1]));
    const p = oracle.softmax([1, 2, 3]);
    expect(worst(await t.read(dlogits), [...p, p[0]! - 1, p[1]!, p[2]!])).toBeLessThan(TOLERANCE);
  });

  it("linearCrossEntropy and its gradients, in one tile and in several", async () => {
    for (const [rows, C, V] of [
      [0, 3, 5],
      [1, 1, 1],
      [7, 5, 3],
      [70, 33, 65],
      [300, 4, 257],
      [258, 2, 17_000], // tiles of 129 rows
      [515, 3, 20_000], // of 172, 172 and 171
    ] as const) {
      const [x, w] = [t.numbers(rows * C), t.numbers(V * C)];
      const targets = Array.from({ length: rows }, (_, r) => (r % 3 === 1 ? -1 : t.integer(V)));
      const [hidden, weight] = [t.dense([rows, C], x), t.dense([V, C], w)];
      const wanted = t.dense([rows], targets, "i32");
      const [loss, alone] = [t.out([]), t.out([])];
      const [dhidden, dweight] = [t.out([rows, C]), t.out([V, C])];
      const { kernels, memory } = t.backend;
      const held = memory.buffers;
      const scale = 3 / (rows + 1);
      kernels.linearCrossEntropy!(loss, dhidden, dweight, hidden, weight, wanted, scale);
      kernels.linearCrossEntropy!(alone, undefined, undefined, hidden, weight, wanted, scale);
      expect(t.backend.memory.buffers).toBe(held);
      const exact = oracle.linearCrossEntropy(x, w, targets, C, scale);
      expect(worst(await t.read(loss), [exact.loss])).toBeLessThan(TOLERANCE);
      expect(worst(await t.read(alone), [exact.loss])).toBeLessThan(TOLERANCE);
      expect(worst(await t.read(dhidden), exact.dhidden)).toBeLessThan(TOLERANCE);
      expect(worst(await t.read(dweight), exact.dweight)).toBeLessThan(TOLERANCE);
      for (const { buffer } of [hidden, weight, wanted, loss, alone, dhidden, dweight])
        t.backend.free(buffer);
    }
  });

  it("linearCrossEntropy keeps what is not finite to its row, but for the weight's gradient", async () => {
    const [C, V] = [1, 6];
    const hidden = t.dense([4, C], [1, Number.NaN, Infinity, 2]);
    const weight = t.dense([V, C], [0, 1, -1, 2, 0.5, 3]);
    const run = async (...targets: number[]) => {
      const [loss, dhidden, dweight] = [t.out([]), t.out([4, C]), t.out([V, C])];
      const wanted = t.dense([4], targets, "i32");
      t.backend.kernels.linearCrossEntropy!(loss, dhidden, dweight, hidden, weight, wanted, 1);
      return [await t.read(loss), await t.read(dhidden)];
    };
    const [loss, dhidden] = await run(0, 1, 2, 3);
    expect(loss).toEqual([Number.NaN]);
    expect(dhidden!.map(Number.isFinite)).toEqual([true, false, false, true]);
    const [ignored, kept] = await run(0, -1, -1, 3);
    expect(ignored!.map(Number.isFinite)).toEqual([true]);
    expect(kept!.map(Number.isFinite)).toEqual([true, true, true, true]);
    const [beyond, still] = await run(0, -1, -1, 6);
    expect(beyond).toEqual([Number.NaN]);
    expect(still!.map(Number.isFinite)).toEqual([true, true, true, true]);
  });

  it("adamW takes ten steps as float64 does, and none when gradScale is NaN", async () => {
    for (const n of LENGTHS) {
      const exact = { p: t.numbers(n), m: new Array(n).fill(0), v: new Array(n).fill(0) };
      const [p, m, v] = [exact.p, exact.m, exact.v].map((data) => t.dense([n], data));
      for (let i = 1; i <= 10; i++) {
        const g = t.numbers(n);
        const step = {
          rate: 1e-2,
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-8,
          decay: 0.1,
          correction1: 1 - 0.9 ** i,
          correction2: 1 - 0.99 ** i,
        };
        t.backend.kernels.adamW!(p!, m!, v!, t.dense([n], g), t.dense([], [0.5]), step);
        const before = await Promise.all([p!, m!, v!].map((x) => t.backend.read(x.buffer)));
        t.backend.kernels.adamW!(p!, m!, v!, t.dense([n], g), t.dense([], [Number.NaN]), step);
        expect(await Promise.all([p!, m!, v!].map((x) => t.backend.read(x.buffer)))).toEqual(
          before,
        );
        for (let j = 0; j < n; j++) {
          const grad = g[j]! * 0.5;
          exact.m[j] = 0.9 * exact.m[j] + 0.1 * grad;
          exact.v[j] = 0.99 * exact.v[j] + 0.01 * grad * grad;
          const update =
            exact.m[j] / step.correction1 / (Math.sqrt(exact.v[j] / step.correction2) + 1e-8);
          exact.p[j] = exact.p[j]! * (1 - 1e-2 * 0.1) - 1e-2 * update;
        }
      }
      expect(worst(await t.backend.read(p!.buffer), exact.p)).toBeLessThan(TOLERANCE);
      expect(worst(await t.backend.read(v!.buffer), exact.v)).toBeLessThan(TOLERANCE);
    }
  });
});
