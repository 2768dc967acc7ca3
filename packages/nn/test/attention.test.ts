import { reference } from "@muladd/backend-reference";
import { concat, dispose, keep, Rng, share, slice, Tensor, tidy } from "@muladd/tensor";
import { describe, expect, test } from "vitest";
import { CausalSelfAttention, init, type Past } from "../src/index.ts";
import { deviation, expectClose } from "./close.ts";

// B batch, T time, C channels (width), H heads.

const [B, T, C, H] = [2, 5, 8, 2];
const backend = reference();
const layer = (dropout = 0) =>
  new CausalSelfAttention({ width: C, heads: H, dropout }, init(backend, 5));
const values = Array.from({ length: B * T * C }, (_, i) => 20 * Math.sin(i * i)); // far from a uniform softmax
const input = () => Tensor.from(backend, values, [B, T, C]);

/** A past that concatenates: the plainest there is. */
class Growing implements Past {
  #k: Tensor | undefined;
  #v: Tensor | undefined;
  extend(k: Tensor, v: Tensor) {
    this.#k = keep(this.#k ? concat([this.#k, k], 1) : share(k));
    this.#v = keep(this.#v ? concat([this.#v, v], 1) : share(v));
    return { k: this.#k, v: this.#v, keys: this.#k.shape[1]! };
  }
}

/** softmax(q·kᵀ / √D) · v by loops, in doubles. */
async function byHand(a: CausalSelfAttention): Promise<number[]> {
  const times = async (x: readonly number[], { weight, bias }: typeof a.qkv) => {
    const [w, b] = [await weight.data(), await bias!.data()];
    const [outputs, inputs] = weight.shape as [number, number];
    return Array.from({ length: (x.length / inputs) * outputs }, (_, at) => {
      const [row, j] = [Math.floor(at / outputs), at % outputs];
      let sum = b[j]!;
      for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * w[j * inputs + i]!;
      return sum;
    });
  };
  const D = C / H;
  const qkv = await times(values, a.qkv);
  const at = (b: number, t: number, part: number, column: number) =>
    qkv[(b * T + t) * 3 * C + part * C + column]!;
  const mixed: number[] = [];
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let c = 0; c < C; c++) {
        const first = Math.floor(c / D) * D;
        const scores = Array.from({ length: t + 1 }, (_, s) => {
          let dot = 0;
          for (let d = first; d < first + D; d++) dot += at(b, t, 0, d) * at(b, s, 1, d);
          return Math.exp(dot / Math.sqrt(D));
        });
        const total = scores.reduce((x, y) => x + y, 0);
        mixed.push(scores.reduce((sum, w, s) => sum + (w / total) * at(b, s, 2, c), 0));
      }
  return times(mixed, a.out);
}

describe("CausalSelfAttention", () => {
  test("is softmax(q·kᵀ/√D)·v over the positions so far, head by head", async () => {
    const a = layer();
    const y = a.forward(input());
    expect(y.shape).toEqual([B, T, C]);
    expectClose(await y.data(), await byHand(a), 1e-6); // float32, values below 1
  });

  test("does not look ahead", async () => {
    const a = layer();
    const other = [...values];
    for (let c = 0; c < C; c++) other[3 * C + c]! += 7; // position 3 of sequence 0
    const [y, z] = [
      await a.forward(input()).data(),
      await a.forward(Tensor.from(backend, other, [B, T, C])).data(),
    ];
    expect([...z.slice(0, 3 * C)]).toEqual([...y.slice(0, 3 * C)]);
    expect([...z.slice(3 * C, 4 * C)]).not.toEqual([...y.slice(3 * C, 4 * C)]);
    expect([...z.slice(T * C)]).toEqual([...y.slice(T * C)]);
  });

  test("with a rate of 0 draws no numbers and changes nothing", async () => {
    const rng = new Rng(1);
    const a = layer();
    expect([...(await a.forward(input(), { rng }).data())]).toEqual([
      ...(await a.forward(input()).data()),
    ]);
    expect(rng.state.counter).toBe(0);
  });

  test("drops attention weights only when it is given random numbers", async () => {
    const plain = await layer().forward(input()).data();
    const a = layer(0.5);
    expect([...(await a.forward(input()).data())]).toEqual([...plain]);
    const dropped = await a.forward(input(), { rng: new Rng(1) }).data();
    expect([...dropped]).not.toEqual([...plain]);
    expect([...(await a.forward(input(), { rng: new Rng(1) }).data())]).toEqual([...dropped]);
  });

  test("with a rate close to 0 agrees with the fused kernel", async () => {
    // The composed path with nothing dropped: the chance to drop one of the 200 weights is 2e-7
    const composed = await layer(1e-9)
      .forward(input(), { rng: new Rng(2) })
      .data();
    expectClose(composed, await layer().forward(input()).data(), 1e-6);
  });

  test.each([[[5]], [[3, 2]], [[1, 1, 1, 1, 1]], [[4, 1]]])(
    "continues a past in parts of %j positions as it reads all at once",
    async (parts) => {
      const a = layer();
      const past = new Growing();
      const pieces: Tensor[] = [];
      let at = 0;
      for (const n of parts) {
        pieces.push(a.forward(slice(input(), 1, at, at + n), { past }));
        at += n;
      }
      expectClose(await concat(pieces, 1).data(), await a.forward(input()).data(), 1e-6);
    },
  );

  test("drops weights of a past too", async () => {
    const a = layer(0.5);
    const last = (rng: Rng | undefined) => {
      const past = new Growing();
      a.forward(slice(input(), 1, 0, 4), { past });
      return a.forward(slice(input(), 1, 4, 5), { rng, past }).data();
    };
    expect([...(await last(new Rng(3)))]).not.toEqual([...(await last(undefined))]);
    expectClose(
      await last(undefined),
      await slice(a.forward(input()), 1, 4, 5).data(),
      1e-6, // float32
    );
  });

  test("takes the output's initial deviation and its biases from its config", async () => {
    const config = { width: 64, heads: 4, bias: false, outStd: 0.005 };
    const a = new CausalSelfAttention(config, init(backend, 1));
    expect([a.qkv.bias, a.out.bias]).toEqual([undefined, undefined]);
    expect(a.qkv.weight.shape).toEqual([192, 64]);
    expect(deviation(await a.qkv.weight.data())).toBeCloseTo(0.02, 3);
    expect(deviation(await a.out.weight.data())).toBeCloseTo(0.005, 3);
  });

  test("keeps nothing but its result", () => {
    using own = reference();
    const a = new CausalSelfAttention({ width: C, heads: H, dropout: 0.5 }, init(own, 5));
    const x = Tensor.from(own, values, [B, T, C]);
    const before = own.memory.buffers;
    const results = [a.forward(x), a.forward(x, { rng: new Rng(1) }), tidy(() => a.forward(x))];
    expect(own.memory.buffers).toBe(before + 3);
    dispose([results, x, a]);
    expect(own.memory.buffers).toBe(0);
  });
});
