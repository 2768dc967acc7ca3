import { type Dense, denseStrides, Rng, type Shape, size, type View } from "@muladd/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { openDevice } from "../src/adapter.ts";
import type { Tuning } from "../src/context.ts";
import { open } from "../src/webgpu.ts";
import { type AttentionCase, attention } from "./attention-oracle.ts";
import { uncleared } from "./uncleared.ts";

const shared = openDevice(await uncleared(), "high-performance");
afterAll(async () => (await shared).device.destroy());

type Shapes = Omit<AttentionCase, "scale">;

/** What f32 arithmetic allows on inputs in [−2, 2]: measured below 2e-6. */
const TOLERANCE = 1e-5;
/** What no kernel computes. */
const UNWRITTEN = -7777;

const CASES: [title: string, Shapes][] = [
  ["one query, one key", { B: 1, T: 1, S: 1, H: 1, K: 1, D: 1, causal: true }],
  ["width 3", { B: 2, T: 5, S: 5, H: 2, K: 2, D: 3, causal: true }],
  ["width 3, many queries", { B: 1, T: 41, S: 41, H: 2, K: 2, D: 3, causal: true }],
  ["width 16, part of a tile", { B: 2, T: 33, S: 33, H: 3, K: 3, D: 16, causal: true }],
  ["width 20, no mask", { B: 2, T: 21, S: 9, H: 2, K: 2, D: 20, causal: false }],
  ["width 32, tiles to the edge", { B: 1, T: 128, S: 128, H: 1, K: 1, D: 32, causal: true }],
  ["width 64, a longer cache", { B: 1, T: 70, S: 101, H: 2, K: 2, D: 64, causal: true }],
  ["width 80, grouped heads", { B: 1, T: 23, S: 23, H: 4, K: 2, D: 80, causal: true }],
  ["width 128", { B: 1, T: 67, S: 67, H: 1, K: 1, D: 128, causal: true }],
  ["width 160, no mask", { B: 1, T: 35, S: 40, H: 1, K: 1, D: 160, causal: false }],
  ["wider than registers hold", { B: 1, T: 19, S: 19, H: 2, K: 1, D: 260, causal: true }],
  ["grouped heads", { B: 2, T: 37, S: 37, H: 6, K: 2, D: 10, causal: true }],
  ["one key head", { B: 1, T: 20, S: 20, H: 4, K: 1, D: 8, causal: true }],
  ["decoding one token", { B: 2, T: 1, S: 600, H: 4, K: 4, D: 64, causal: true }],
  ["decoding a head's group", { B: 2, T: 1, S: 133, H: 4, K: 2, D: 18, causal: true }],
  ["decoding three tokens", { B: 1, T: 3, S: 333, H: 4, K: 2, D: 20, causal: true }],
  ["decoding over thousands of keys", { B: 1, T: 1, S: 2500, H: 1, K: 1, D: 8, causal: true }],
  ["decoding, wider than lanes", { B: 1, T: 2, S: 70, H: 1, K: 1, D: 300, causal: true }],
  ["more queries than keys, no mask", { B: 1, T: 40, S: 3, H: 1, K: 1, D: 4, causal: false }],
  ["a window of one key", { B: 1, T: 20, S: 20, H: 2, K: 1, D: 4, causal: true, window: 1 }],
  ["a window over tiles", { B: 1, T: 150, S: 170, H: 2, K: 1, D: 16, causal: true, window: 40 }],
  ["a window, wide heads", { B: 1, T: 70, S: 70, H: 1, K: 1, D: 128, causal: true, window: 9 }],
  ["a window, decoding", { B: 2, T: 2, S: 300, H: 2, K: 1, D: 8, causal: true, window: 70 }],
  ["a window as long as all", { B: 1, T: 9, S: 9, H: 1, K: 1, D: 4, causal: true, window: 9 }],
  ["no batch", { B: 0, T: 20, S: 20, H: 1, K: 1, D: 4, causal: true }],
  ["no queries", { B: 1, T: 0, S: 5, H: 2, K: 2, D: 4, causal: false }],
  ["no keys", { B: 1, T: 20, S: 0, H: 1, K: 1, D: 4, causal: false }],
  ["no keys for few", { B: 1, T: 2, S: 0, H: 1, K: 1, D: 4, causal: false }],
  ["no columns", { B: 1, T: 2, S: 200, H: 1, K: 1, D: 0, causal: true }],
];

const FORMS: [string, Partial<Tuning>][] = [
  ["without barriers", { serial: true }],
  ["with barriers", { serial: false, subgroups: false }],
  ["with subgroups", { serial: false, subgroups: true }],
];

const rng = new Rng(4, "attention").draw();
const source = Rng.from({ key: [...rng.key], counter: 0 });
/** Uniform in [−2, 2), as f32 holds them. */
const numbers = (n: number): number[] =>
  Array.from({ length: n }, () => Math.fround(4 * source.uniform() - 2));

describe.each(FORMS)("%s", async (_, tuning) => {
  const { gpu, device } = await shared;
  const backend = await open({ device, ...(gpu ? { gpu } : {}) }, tuning);
  afterAll(() => backend[Symbol.dispose]());

  const dense = (shape: Shape, data: ArrayLike<number>): Dense => {
    const buffer = backend.alloc(size(shape), "f32");
    backend.write(buffer, data);
    return { buffer, shape, dtype: "f32" };
  };
  const blank = (shape: Shape) => dense(shape, new Array(size(shape)).fill(UNWRITTEN));
  const whole = (x: Dense): View => ({ ...x, strides: denseStrides(x.shape), offset: 0 });
  const read = async ({ buffer }: Dense): Promise<number[]> => [...(await backend.read(buffer))];

  const { attention: forward, attentionGrad: backward, rotary } = backend.kernels;
  if (!forward || !backward || !rotary) throw new Error("the kernels under test are missing");

  const run = (c: AttentionCase, q: View, k: View, v: View) => {
    const [out, logSum] = [blank([c.B, c.T, c.H * c.D]), blank([c.B, c.H, c.T])];
    forward(out, logSum, q, k, v, c);
    return { out, logSum };
  };

  describe.each(CASES)("%s", (_, shapes) => {
    const { B, T, S, H, K, D } = shapes;
    const c: AttentionCase = { ...shapes, scale: 1 / Math.sqrt(Math.max(1, D)) };

    it("agrees with float64, values and gradients", async () => {
      const [q, k, v, g] = [B * T * H * D, B * S * K * D, B * S * K * D, B * T * H * D].map(
        numbers,
      ) as [number[], number[], number[], number[]];
      const exact = attention(c, q, k, v, g);
      const [vq, vk, vv] = [
        whole(dense([B, T, H, D], q)),
        whole(dense([B, S, K, D], k)),
        whole(dense([B, S, K, D], v)),
      ];
      const { out, logSum } = run(c, vq, vk, vv);
      const [dq, dk, dv] = [blank(vq.shape), blank(vk.shape), blank(vv.shape)];
      const gy = dense([B, T, H * D], g);
      backward(whole(dq), whole(dk), whole(dv), vq, vk, vv, out, logSum, gy, c);
      close("out", await read(out), exact.out);
      close("logSum", await read(logSum), exact.logSum);
      close("dq", await read(dq), exact.dq);
      close("dk", await read(dk), exact.dk);
      close("dv", await read(dv), exact.dv);
    });

    // Rows that start at multiples of four numbers, and rows that do not.
    it.each(D === 16 ? [4, 3] : [D % 4 === 0 ? 4 : 3])(
      "reads packed projections in place and writes packed gradients, %d columns apart",
      async (gap) => {
        const width = (H + 2 * K) * D + gap;
        const rows = Math.max(T, S);
        const packed = numbers(B * rows * width);
        const g = numbers(B * T * H * D);
        const views = (x: Dense): [q: View, k: View, v: View] => {
          const part = (offset: number, heads: number, n: number): View => ({
            ...x,
            shape: [B, n, heads, D],
            strides: [rows * width, width, D, 1],
            offset,
          });
          return [part(0, H, T), part(H * D, K, S), part((H + K) * D, K, S)];
        };
        const places = ({ shape, offset }: View) => {
          const of: number[] = [];
          for (let b = 0; b < B; b++)
            for (let r = 0; r < shape[1]!; r++)
              for (let i = 0; i < shape[2]! * D; i++) of.push(offset + (b * rows + r) * width + i);
          return of;
        };
        const [q, k, v] = views(dense([packed.length], packed));
        const [pq, pk, pv] = [q, k, v].map((x) => places(x).map((i) => packed[i]!)) as [
          number[],
          number[],
          number[],
        ];
        const exact = attention(c, pq, pk, pv, g);
        const { out, logSum } = run(c, q, k, v);
        const grads = blank([packed.length]);
        const [dq, dk, dv] = views(grads);
        backward(dq, dk, dv, q, k, v, out, logSum, dense([B, T, H * D], g), c);
        close("out", await read(out), exact.out);
        const all = await read(grads);
        for (const [name, x, y] of [
          ["dq", dq, exact.dq],
          ["dk", dk, exact.dk],
          ["dv", dv, exact.dv],
        ] as const) {
          const written = places(x);
          const found = written.map((i) => all[i]!);
          close(name, found, y);
          for (const i of written) all[i] = UNWRITTEN;
        }
        expect(all.every((x) => x === UNWRITTEN)).toBe(true);
      },
    );
  });

  // Few queries, and many.
  it.each([5, 40])("gives finite results for scores far apart, of %d queries", async (T) => {
    const [S, D] = [70, 4];
    const c: AttentionCase = { B: 1, T, S, H: 1, K: 1, D, causal: true, scale: 1 };
    const of = (n: number) => Array.from({ length: n * D }, (_, i) => (i % 3) * 200 - 200);
    const [q, k] = [of(T), of(S)];
    const exact = attention(c, q, k, k, q);
    const vk = whole(dense([1, S, 1, D], k));
    const { out, logSum } = run(c, whole(dense([1, T, 1, D], q)), vk, vk);
    close("out", await read(out), exact.out);
    close("logSum", await read(logSum), exact.logSum);
  });

  it.each([5, 40])("spreads NaN to all queries that see it, of %d", async (T) => {
    const [S, D, at] = [70, 8, 67];
    const c: AttentionCase = { B: 1, T, S, H: 1, K: 1, D, causal: true, scale: 1 };
    for (const place of ["q", "k", "v", "g"] as const) {
      const data = { q: numbers(T * D), k: numbers(S * D), v: numbers(S * D), g: numbers(T * D) };
      // Query T − 3 is the first to see key 67.
      data[place][(place === "q" || place === "g" ? T - 3 : at) * D + 3] = Number.NaN;
      const [q, k, v] = [
        whole(dense([1, T, 1, D], data.q)),
        whole(dense([1, S, 1, D], data.k)),
        whole(dense([1, S, 1, D], data.v)),
      ];
      const { out, logSum } = run(c, q, k, v);
      const [dq, dk, dv] = [blank(q.shape), blank(k.shape), blank(v.shape)];
      const g = dense([1, T, D], data.g);
      backward(whole(dq), whole(dk), whole(dv), q, k, v, out, logSum, g, c);
      const row = (x: readonly number[], t: number) => x.slice(t * D, (t + 1) * D);
      const y = await read(out);
      if (place === "q") expect(row(y, T - 3)).toEqual(new Array(D).fill(Number.NaN));
      if (place === "k")
        for (const t of [T - 3, T - 2, T - 1])
          expect(row(y, t)).toEqual(new Array(D).fill(Number.NaN));
      if (place === "v")
        expect([T - 3, T - 2, T - 1].map((t) => row(y, t)[3])).toEqual([NaN, NaN, NaN]);
      if (place === "q" || place === "k") expect((await read(logSum))[T - 3]).toBeNaN();
      expect(row(await read(dq), T - 3).some(Number.isNaN), `dq, ${place}`).toBe(true);
      expect(row(await read(dk), at).some(Number.isNaN), `dk, ${place}`).toBe(true);
      if (place !== "v")
        expect(row(await read(dv), at).some(Number.isNaN), `dv, ${place}`).toBe(true);
    }
  });

  it.each([
    { T: 3, S: 500, H: 4, K: 2 },
    { T: 60, S: 60, H: 2, K: 1 },
  ])("gives the same bits each time: %o", async ({ T, S, H, K }) => {
    const [B, D] = [1, 16];
    const c: AttentionCase = { B, T, S, H, K, D, causal: true, scale: 0.25 };
    const q = whole(dense([B, T, H, D], numbers(T * H * D)));
    const [k, v] = [numbers(S * K * D), numbers(S * K * D)].map((x) =>
      whole(dense([B, S, K, D], x)),
    );
    const g = dense([B, T, H * D], numbers(T * H * D));
    const once = async () => {
      const { out, logSum } = run(c, q, k!, v!);
      const grads = [blank(q.shape), blank(k!.shape), blank(v!.shape)] as const;
      const [dq, dk, dv] = [whole(grads[0]), whole(grads[1]), whole(grads[2])];
      backward(dq, dk, dv, q, k!, v!, out, logSum, g, c);
      return Promise.all([out, logSum, ...grads].map(read));
    };
    expect(await once()).toEqual(await once());
  });

  it.each([
    { B: 2, T: 3, W: 24, heads: 2, D: 8, start: 0, inverse: false },
    { B: 2, T: 3, W: 24, heads: 3, D: 8, start: 5, inverse: true },
    { B: 1, T: 5, W: 9, heads: 2, D: 4, start: 1, inverse: false },
    { B: 1, T: 1, W: 2, heads: 1, D: 2, start: 7, inverse: true },
    { B: 1, T: 4, W: 8, heads: 0, D: 8, start: 0, inverse: false },
    { B: 0, T: 4, W: 8, heads: 1, D: 8, start: 0, inverse: false },
  ])("turns pairs of columns: %o", async ({ B, T, W, heads, D, start, inverse }) => {
    const [x, table] = [numbers(B * T * W), numbers((start + T) * D)];
    const exact = x.slice();
    for (let r = 0; r < B * T; r++)
      for (let h = 0; h < heads; h++)
        for (let i = 0; i < D / 2; i++) {
          const [low, high] = [r * W + h * D + i, r * W + h * D + i + D / 2];
          const angle = (start + (r % T)) * D + i;
          const [c, s] = [table[angle]!, (inverse ? -1 : 1) * table[angle + D / 2]!];
          exact[low] = c * x[low]! - s * x[high]!;
          exact[high] = c * x[high]! + s * x[low]!;
        }
    const out = blank([B, T, W]);
    rotary(out, dense([B, T, W], x), dense([start + T, D], table), { heads, start, inverse });
    close("out", await read(out), exact);
  });
});

/** |actual − expected| ≤ TOLERANCE · max(1, |expected|); infinities must agree. */
function close(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (a === b || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b))) continue;
    expect.fail(`${what}: element ${i} is ${a}, expected ${b}`);
  }
}
