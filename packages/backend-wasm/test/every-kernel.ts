import { type Dense, pack, packedFormats, type View } from "@muladd/tensor";
import { type Bench, whole } from "./harness.ts";

/** The bits of an output, with a name to find it by. */
export type Bits = readonly (readonly [string, Int32Array])[];

/**
 * Runs every kernel on shapes drawn from the bench's seed, and returns the bits of all outputs: what must not depend on
 * the number of threads.
 */
export async function everyKernel(t: Bench): Promise<Bits> {
  const k = t.backend.kernels;
  const results: [string, Dense][] = [];
  const buffers: number[] = [];
  const from = (n: number, most: number) => n + t.integer(most - n + 1);
  const put = (...shape: number[]): Dense => {
    const x = t.dense(shape, t.numbers(shape.reduce((a, b) => a * b, 1)));
    buffers.push(x.buffer);
    return x;
  };
  const ids = (n: number, below: number): Dense => {
    const x = t.dense(
      [n],
      Array.from({ length: n }, () => t.integer(below + 2) - 1),
      "i32",
    );
    buffers.push(x.buffer);
    return x;
  };
  const out = (name: string, shape: number[], dtype: "f32" | "i32" = "f32"): Dense => {
    const x = t.out(shape, dtype);
    buffers.push(x.buffer);
    results.push([`${name} ${shape}`, x]);
    return x;
  };
  const [n, C] = [from(1, 300), from(1, 150)];
  const shape = [n, C];
  const x = put(n, C);
  const y = put(n, C);

  k.fill(out("fill", shape), 3.5, 0);
  k.fill(out("fill i32", shape, "i32"), -3, 2);
  for (const op of ["neg", "exp", "log", "tanh", "rsqrt", "erf", "sin", "cos", "scale"] as const)
    k.unary(op, out(op, shape), x, 1.5);
  const integers = out("to i32", shape, "i32");
  k.copy(whole(integers), whole(x));
  k.unary("shift", out("shift i32", shape, "i32"), integers, 7);
  k.copy(whole(out("copy", shape)), whole(x));
  const transposed = { ...x, shape: [C, n], strides: [1, C], offset: 0 };
  k.copy(whole(out("transpose", [C, n])), transposed);
  const [B, T, H, D] = [from(1, 4), from(1, 40), from(1, 4), from(1, 20)];
  const heads = put(B, T, H, D);
  const moved = { ...heads, shape: [B, H, T, D], strides: [T * H * D, D, H * D, 1], offset: 0 };
  k.copy(whole(out("permute", [B, H, T, D])), moved);
  const row: View = { ...put(C), shape, strides: [0, 1], offset: 0 };
  const column: View = { ...put(n), shape, strides: [1, 0], offset: 0 };
  for (const op of ["add", "sub", "mul", "div", "maximum", "greaterEqual"] as const) {
    k.binary(op, out(op, shape), whole(x), whole(y));
    k.binary(op, out(`${op} row`, shape), whole(x), row);
    k.binary(op, out(`${op} column`, shape), column, whole(x));
  }
  k.binary("add", out("add transposed", [C, n]), transposed, transposed);
  k.select(out("select", shape), row, whole(x), column);
  k.select(out("select all", shape), whole(x), whole(y), whole(x));
  for (const dims of [
    [1, n, C],
    [n, C, 1],
    [n, 1, C],
    [1, n * C, 1],
  ] as const)
    for (const op of ["sum", "max"] as const) {
      const [outer, , inner] = dims;
      k.reduce(op, out(`${op} of ${dims}`, [outer, inner]), x, dims);
      k.reduce(op, out(`${op} i32 of ${dims}`, [outer, inner], "i32"), integers, dims);
    }
  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      for (const [batch, m, kk, nn] of [
        [1, from(1, 300), from(1, 300), from(1, 300)],
        [1, from(1, 6), from(20, 300), from(40, 700)],
        [1, from(100, 700), from(1, 90), 1],
        [from(2, 9), from(1, 70), from(1, 40), from(1, 70)],
      ] as const) {
        const dims = { batch, m, k: kk, n: nn, transposeA, transposeB };
        const name = `matmul ${JSON.stringify(dims)}`;
        k.matmul(out(name, [batch, m, nn]), put(batch, m, kk), put(batch, kk, nn), dims);
      }
  const weight = put(from(1, 200), C);
  const O = weight.shape[0]!;
  const bare = [undefined, undefined, undefined] as const;
  k.linear!(out("linear", [n, O]), undefined, x, weight, ...bare);
  for (const activation of [undefined, "gelu", "geluTanh"] as const) {
    const slope = activation && out(`slope of ${activation}`, [n, O]);
    const y = out(`linear, ${activation}`, [n, O]);
    k.linear!(y, slope, x, weight, put(O), put(n, O), activation);
  }
  for (const format of packedFormats) {
    const { words, scales } = pack(format, t.numbers(O * C), O, C);
    const held = [t.dense([words.length], words, "i32")];
    if (scales) held.push(t.dense([scales.length], scales));
    buffers.push(...held.map(({ buffer }) => buffer));
    const packed = { format, shape: [O, C], words: held[0]!, scales: held[1] } as const;
    for (const rows of [from(1, 4), from(7, 40)]) {
      const y = out(`linear by ${format}`, [rows, O]);
      k.linearPacked!(y, put(rows, C), packed, put(O), put(rows, O), "gelu");
    }
    k.gatherPacked!(out(`gather from ${format}`, shape), packed, ids(n, O));
  }
  const V = from(1, 70);
  const table = put(V, C);
  const tokens = ids(n, V);
  k.gather(out("gather", shape), table, tokens);
  const sums = out("scatterAdd", [V, C]);
  k.fill(sums, 0, 0);
  k.scatterAdd(sums, x, tokens);
  const counts = out("scatterAdd i32", [V, C], "i32");
  k.fill(counts, 0, 0);
  k.scatterAdd(counts, integers, tokens);
  k.uniform(out("uniform", shape), [7, 11], 3);

  const soft = out("softmax", shape);
  k.softmax!(soft, x);
  k.softmaxGrad!(out("softmaxGrad", shape), soft, y);
  for (const op of ["gelu", "geluTanh"] as const) {
    k[op]!(out(op, shape), undefined, x);
    k[op]!(out(`${op} again`, shape), out(`slope of ${op}`, shape), x);
  }
  k.swiglu!(out("swiglu", shape), x, y);
  k.swigluGrad!(out("swiglu dgate", shape), out("swiglu dup", shape), x, y, x);
  k.squaredNorm!(out("squaredNorm", []), [x, put(from(1, 3) * 8192 + C), weight]);
  const [gain, bias] = [put(C), put(C)];
  const [mean, rstd] = [out("mean", [n]), out("rstd", [n])];
  k.layerNorm!(out("layerNorm", shape), mean, rstd, x, gain, bias, 1e-5);
  const [dgain, dbias] = [out("layerNorm dgain", [C]), out("layerNorm dbias", [C])];
  k.layerNormGrad!(out("layerNorm dx", shape), dgain, dbias, x, gain, mean, rstd, y);
  k.rmsNorm!(out("rmsNorm", shape), rstd, x, gain, 1e-5);
  k.rmsNormGrad!(out("rmsNorm dx", shape), out("rmsNorm dgain", [C]), x, gain, rstd, y);
  const targets = ids(n, C);
  const logSum = out("logSum", [n]);
  k.crossEntropy!(out("losses", [n]), logSum, x, targets);
  k.crossEntropyGrad!(out("dlogits", shape), x, targets, logSum, mean);

  // The second in two tiles of rows.
  for (const [rows, vocabulary] of [
    [n, from(1, 400)],
    [from(257, 300), 17_000],
  ] as const) {
    const head = put(vocabulary, 3);
    const hidden = put(rows, 3);
    const wanted = ids(rows, vocabulary);
    const [dhidden, dhead] = [out("lce dhidden", [rows, 3]), out("lce dweight", [vocabulary, 3])];
    k.linearCrossEntropy!(out("lce", []), dhidden, dhead, hidden, head, wanted, 0.1);
    k.linearCrossEntropy!(out("lce alone", []), undefined, undefined, hidden, head, wanted, 0.1);
  }
  const angles = put(T + 5, 2 * Math.ceil(D / 2));
  const dims = { heads: from(0, 3), start: t.integer(6), inverse: t.integer(2) === 1 };
  const turned = [B, T, 3 * angles.shape[1]! + t.integer(7)];
  k.rotary!(out("rotary", turned), put(...turned), angles, dims);

  const K = [1, H].at(t.integer(2))!;
  const S = T + t.integer(9);
  const [q, key, value] = [heads, put(B, S, K, D), put(B, S, K, D)].map(whole) as [
    View,
    View,
    View,
  ];
  const g = put(B, T, H * D);
  for (const causal of [false, true]) {
    const dims = { scale: 0.3, causal };
    const o = out("attention", [B, T, H * D]);
    const lse = out("attention logSum", [B, H, T]);
    k.attention!(o, lse, q, key, value, dims);
    const dq = whole(out("dq", [B, T, H, D]));
    const dk = whole(out("dk", [B, S, K, D]));
    const dv = whole(out("dv", [B, S, K, D]));
    k.attentionGrad!(dq, dk, dv, q, key, value, o, lse, g, dims);
  }
  const [p, m, v] = [out("adamW p", shape), out("adamW m", shape), out("adamW v", shape)];
  for (const state of [p, m, v]) k.binary("mul", state, whole(x), whole(x));
  k.adamW!(p, m, v, y, put(1), {
    rate: 1e-3,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    decay: 0.1,
    correction1: 0.1,
    correction2: 0.01,
  });
  const bits: [string, Int32Array][] = [];
  for (const [name, x] of results)
    bits.push([
      name,
      x.dtype === "i32"
        ? Int32Array.from(await t.read(x))
        : new Int32Array(Float32Array.from(await t.read(x)).buffer),
    ]);
  for (const buffer of buffers) t.backend.free(buffer);
  return bits;
}
