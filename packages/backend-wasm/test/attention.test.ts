import type { View } from "@muladd/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, TOLERANCE, tested, worst } from "./harness.ts";
import { type AttentionCase, attention } from "./oracle.ts";

const CASES: [title: string, Omit<AttentionCase, "scale">][] = [
  ["one query, one key", { B: 1, T: 1, S: 1, H: 1, K: 1, D: 1, causal: true }],
  ["few queries", { B: 2, T: 3, S: 3, H: 2, K: 2, D: 5, causal: true }],
  ["a whole panel", { B: 2, T: 8, S: 8, H: 3, K: 3, D: 16, causal: true }],
  ["edges in T, S and D", { B: 1, T: 13, S: 13, H: 2, K: 2, D: 7, causal: true }],
  ["many panels", { B: 1, T: 70, S: 70, H: 2, K: 2, D: 32, causal: true }],
  ["no mask", { B: 2, T: 9, S: 21, H: 2, K: 2, D: 12, causal: false }],
  ["grouped heads", { B: 2, T: 37, S: 37, H: 6, K: 2, D: 10, causal: true }],
  ["one key head", { B: 1, T: 20, S: 20, H: 4, K: 1, D: 8, causal: true }],
  ["a cache longer than the queries", { B: 2, T: 6, S: 50, H: 2, K: 2, D: 16, causal: true }],
  ["decoding one token", { B: 2, T: 1, S: 133, H: 4, K: 2, D: 18, causal: true }],
  ["decoding three tokens", { B: 1, T: 3, S: 9, H: 2, K: 1, D: 64, causal: true }],
  ["more queries than keys, no mask", { B: 1, T: 40, S: 3, H: 1, K: 1, D: 4, causal: false }],
];

describe.each(tested)("%s", (variant) => {
  let t: Awaited<ReturnType<typeof Bench.open>>;
  beforeAll(async () => {
    t = await Bench.open(variant, 3);
  });
  afterAll(() => t.backend[Symbol.dispose]());

  describe.each(CASES)("attention over %s", (_, shape) => {
    const { B, T, S, H, K, D } = shape;
    const c: AttentionCase = { ...shape, scale: 1 / Math.sqrt(D) };
    const dims = { scale: c.scale, causal: c.causal };
    const view = (heads: number, rows: number, buffer: number): View => ({
      buffer,
      dtype: "f32",
      shape: [B, rows, heads, D],
      strides: [rows * heads * D, heads * D, D, 1],
      offset: 0,
    });

    it("agrees with float64, values and gradients", async () => {
      const [q, k, v, g] = [B * T * H * D, B * S * K * D, B * S * K * D, B * T * H * D].map((n) =>
        t.numbers(n),
      );
      const exact = attention(c, q!, k!, v!, g!);
      const [vq, vk, vv] = [
        view(H, T, t.dense([q!.length], q!).buffer),
        view(K, S, t.dense([k!.length], k!).buffer),
        view(K, S, t.dense([v!.length], v!).buffer),
      ];
      const out = t.out([B, T, H * D]);
      const logSum = t.out([B, H, T]);
      t.backend.kernels.attention!(out, logSum, vq, vk, vv, dims);
      expect(worst(await t.read(out), exact.out)).toBeLessThan(TOLERANCE);
      expect(worst(await t.read(logSum), exact.logSum)).toBeLessThan(TOLERANCE);
      const [dq, dk, dv] = [t.out([q!.length]), t.out([k!.length]), t.out([v!.length])];
      t.backend.kernels.attentionGrad!(
        view(H, T, dq.buffer),
        view(K, S, dk.buffer),
        view(K, S, dv.buffer),
        vq,
        vk,
        vv,
        out,
        logSum,
        t.dense([B, T, H * D], g!),
        dims,
      );
      for (const [name, x, y] of [
        ["dq", dq, exact.dq],
        ["dk", dk, exact.dk],
        ["dv", dv, exact.dv],
      ] as const)
        expect(worst(await t.read(x), y), name).toBeLessThan(TOLERANCE);
    });

    it("reads packed projections in place and writes packed gradients", async () => {
      const width = (H + 2 * K) * D + 3; // three columns that belong to nobody
      const rows = Math.max(T, S);
      const packed = t.numbers(B * rows * width);
      const g = t.numbers(B * T * H * D);
      const at = (offset: number, heads: number, n: number, buffer: number): View => ({
        buffer,
        dtype: "f32",
        shape: [B, n, heads, D],
        strides: [rows * width, width, D, 1],
        offset,
      });
      const part = (x: View) => {
        const data: number[] = [];
        for (let b = 0; b < B; b++)
          for (let r = 0; r < x.shape[1]!; r++)
            for (let i = 0; i < x.shape[2]! * D; i++)
              data.push(x.offset + b * rows * width + r * width + i);
        return data;
      };
      const { buffer } = t.dense([packed.length], packed);
      const views = (b: number) =>
        [at(0, H, T, b), at(H * D, K, S, b), at((H + K) * D, K, S, b)] as const;
      const [q, k, v] = views(buffer);
      const exact = attention(
        c,
        part(q).map((i) => packed[i]!),
        part(k).map((i) => packed[i]!),
        part(v).map((i) => packed[i]!),
        g,
      );
      const out = t.out([B, T, H * D]);
      const logSum = t.out([B, H, T]);
      t.backend.kernels.attention!(out, logSum, q, k, v, dims);
      expect(worst(await t.read(out), exact.out)).toBeLessThan(TOLERANCE);
      const grads = t.out([packed.length]);
      const [dq, dk, dv] = views(grads.buffer);
      t.backend.kernels.attentionGrad!(
        dq,
        dk,
        dv,
        q,
        k,
        v,
        out,
        logSum,
        t.dense([B, T, H * D], g),
        dims,
      );
      const all = await t.read(grads);
      const written = new Set<number>();
      for (const [x, y] of [
        [dq, exact.dq],
        [dk, exact.dk],
        [dv, exact.dv],
      ] as const) {
        for (const i of part(x)) written.add(i);
        expect(
          worst(
            part(x).map((i) => all[i]!),
            y,
          ),
        ).toBeLessThan(TOLERANCE);
      }
      all.forEach((x, i) => void (written.has(i) || expect(x).toBe(-7777)));
    });
  });

  it("gives finite results for scores far apart", async () => {
    const [T, D] = [12, 4];
    const q = Array.from({ length: T * D }, (_, i) => (i % 3) * 200 - 200);
    const data = t.dense([T * D], q);
    const x: View = { ...data, shape: [1, T, 1, D], strides: [T * D, D, D, 1], offset: 0 };
    const out = t.out([1, T, D]);
    const logSum = t.out([1, 1, T]);
    t.backend.kernels.attention!(out, logSum, x, x, x, { scale: 1, causal: true });
    const exact = attention({ B: 1, T, S: T, H: 1, K: 1, D, causal: true, scale: 1 }, q, q, q, q);
    expect(worst(await t.read(out), exact.out)).toBeLessThan(TOLERANCE);
  });
});
