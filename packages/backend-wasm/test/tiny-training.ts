import {
  type Backend,
  type Dense,
  type DType,
  denseStrides,
  Rng,
  size,
  type View,
} from "@muladd/tensor";

const [B, T, H, D, V] = [4, 24, 4, 12, 70];
const C = H * D;

/**
 * Trains one transformer block with tied ends for `steps` steps, kernel by kernel, and returns every step's losses and the
 * last parameters, as bits.
 */
export async function tinyTraining(backend: Backend, steps: number): Promise<Int32Array> {
  const k = backend.kernels as Required<Backend["kernels"]>;
  const rng = new Rng(3, "tiny training");
  const make = (shape: number[], dtype: DType = "f32"): Dense => ({
    buffer: backend.alloc(size(shape), dtype),
    shape,
    dtype,
  });
  const filled = (shape: number[], next: () => number, dtype: DType = "f32"): Dense => {
    const x = make(shape, dtype);
    backend.write(x.buffer, Array.from({ length: size(shape) }, next));
    return x;
  };
  const view = (x: Dense): View => ({ ...x, strides: denseStrides(x.shape), offset: 0 });
  const seen = (x: Dense, shape: number[]): Dense => ({ ...x, shape });
  const random = () => (rng.uniform() - 0.5) * 0.2;
  const parameter = (shape: number[], next = random) => ({
    value: filled(shape, next),
    grad: make(shape),
    m: filled(shape, () => 0),
    v: filled(shape, () => 0),
  });
  const one = () => 1;
  const embedding = parameter([V, C]);
  const gain = parameter([C], one);
  const bias = parameter([C], () => 0);
  const project = parameter([3 * C, C]);
  const up = parameter([4 * C, C]);
  const down = parameter([C, 4 * C]);
  const parameters = [embedding, gain, bias, project, up, down];
  const [rows, wide] = [
    [B * T, C],
    [B * T, 4 * C],
  ];
  const [x, normed, attended, sum, dx, da, ds] = [1, 2, 3, 4, 5, 6, 7].map(() =>
    make(rows),
  ) as Dense[];
  const [slope, a, dh] = [1, 2, 3].map(() => make(wide)) as Dense[];
  const [qkv, dqkv] = [make([B * T, 3 * C]), make([B * T, 3 * C])];
  const [mean, rstd, losses, logSum] = [1, 2, 3, 4].map(() => make([B * T])) as Dense[];
  const [logits, scaleBy] = [make([B * T, V]), filled([1], one)];
  const each = filled([B * T], () => 1 / (B * T));
  const lse = make([B, H, T]);
  const third = (y: Dense, i: number): View => ({
    ...y,
    shape: [B, T, H, D],
    strides: [T * 3 * C, 3 * C, D, 1],
    offset: i * C,
  });
  const trace: number[] = [];
  const product = (o: Dense, p: Dense, q: Dense, m: number, kk: number, n: number, ta: boolean) =>
    k.matmul(o, p, q, { batch: 1, m, k: kk, n, transposeA: ta, transposeB: false });
  const linear = (out: Dense, from: Dense, weight: Dense) =>
    k.linear(out, undefined, from, weight, undefined, undefined, undefined);
  for (let step = 1; step <= steps; step++) {
    const ids = filled([B * T], () => rng.integer(V), "i32");
    const targets = filled([B * T], () => rng.integer(V), "i32");
    k.gather(x!, embedding.value, ids);
    k.layerNorm(normed!, mean!, rstd!, x!, gain.value, bias.value, 1e-5);
    linear(qkv, normed!, project.value);
    const dims = { scale: 1 / Math.sqrt(D), causal: true };
    const [q, kv, vv] = [0, 1, 2].map((i) => third(qkv, i)) as [View, View, View];
    k.attention(seen(attended!, [B, T, C]), lse, q, kv, vv, dims);
    k.binary("add", sum!, view(x!), view(attended!));
    k.linear(a!, slope!, sum!, up.value, undefined, undefined, "gelu");
    k.linear(x!, undefined, a!, down.value, undefined, sum!, undefined);
    linear(logits, x!, embedding.value);
    k.crossEntropy(losses!, logSum!, logits, targets);
    trace.push(...(await backend.read(losses!.buffer)));

    k.crossEntropyGrad(logits, logits, targets, logSum!, each);
    product(dx!, logits, embedding.value, B * T, V, C, false);
    product(embedding.grad, logits, x!, V, B * T, C, true);
    product(down.grad, dx!, a!, C, B * T, 4 * C, true);
    product(dh!, dx!, down.value, B * T, C, 4 * C, false);
    k.binary("mul", dh!, view(dh!), view(slope!));
    product(up.grad, dh!, sum!, 4 * C, B * T, C, true);
    product(ds!, dh!, up.value, B * T, 4 * C, C, false);
    k.binary("add", ds!, view(ds!), view(dx!));
    const [dq, dk, dv] = [0, 1, 2].map((i) => third(dqkv, i)) as [View, View, View];
    const [o, g] = [attended!, ds!].map((y) => seen(y, [B, T, C])) as [Dense, Dense];
    k.attentionGrad(dq, dk, dv, q, kv, vv, o, lse, g, dims);
    product(project.grad, dqkv, normed!, 3 * C, B * T, C, true);
    product(da!, dqkv, project.value, B * T, 3 * C, C, false);
    k.gather(x!, embedding.value, ids);
    k.layerNormGrad(dx!, gain.grad, bias.grad, x!, gain.value, mean!, rstd!, da!);
    k.binary("add", dx!, view(dx!), view(ds!));
    k.scatterAdd(embedding.grad, dx!, ids);
    for (const { value, m, v, grad } of parameters)
      k.adamW(value, m, v, grad, scaleBy, {
        rate: 1e-2,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        decay: 0.1,
        correction1: 1 - 0.9 ** step,
        correction2: 1 - 0.99 ** step,
      });
    backend.free(ids.buffer);
    backend.free(targets.buffer);
  }
  for (const { value } of parameters) trace.push(...(await backend.read(value.buffer)));
  return new Int32Array(Float32Array.from(trace).buffer);
}
