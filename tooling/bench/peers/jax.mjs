// jax-js on its WASM backend. It has one thread in Node: its pool is of a browser's workers.
import { init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { ids, main, nanogpt, noise, products, steps } from "./measure.mjs";

await init("wasm");

const array = (data, shape) => np.array(data).reshape(shape);

const matmul = (seconds) =>
  products(seconds, ({ m, n, k, transposeA, transposeB }) => {
    // A hundred seconds a product with x·W: its tiles divide the sizes, and this one's divisors are 29 and 1733.
    if (n === 50257) return undefined;
    const a = array(noise(m * k, 1), transposeA ? [k, m] : [m, k]);
    const b = array(noise(k * n, 1), transposeB ? [n, k] : [k, n]);
    const product = jit((x, y) =>
      np.matmul(transposeA ? np.matrixTranspose(x) : x, transposeB ? np.matrixTranspose(y) : y),
    );
    const run = async () => {
      const c = await product(a.ref, b.ref).blockUntilReady();
      c.dispose();
    };
    return { run, free: () => tree.dispose([a, b]) };
  });

const { layers, width: C, heads: H, context: T, batch: B, vocabulary: V } = nanogpt;

// Every argument of a function is consumed; `ref` keeps what is needed again.

function parameters() {
  const weight = (...shape) =>
    array(
      noise(
        shape.reduce((a, b) => a * b),
        0.035,
      ),
      shape,
    ); // std 0.02
  const gain = () => np.ones([C]);
  return {
    tokens: weight(V, C),
    positions: weight(T, C),
    blocks: Array.from({ length: layers }, () => ({
      norm1: gain(),
      qkv: weight(C, 3 * C),
      out: weight(C, C),
      norm2: gain(),
      up: weight(C, 4 * C),
      down: weight(4 * C, C),
    })),
    norm: gain(),
  };
}

function layerNorm(x, gain) {
  const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), -1, { keepdims: true });
  return centered.div(np.sqrt(variance.add(1e-5))).mul(gain);
}

function attention(x, { qkv, out }) {
  const heads = np.split(np.matmul(x, qkv), 3, -1).map((y) => y.reshape([B, T, H, C / H]));
  const y = nn.dotProductAttention(...heads, { isCausal: true });
  return np.matmul(y.reshape([B, T, C]), out);
}

/** Embeddings are products with one-hot rows, as in tfjs. */
function loss({ tokens, positions, blocks, norm }, inputs, targets) {
  let x = np.matmul(nn.oneHot(inputs, V), tokens.ref).add(positions);
  for (const { norm1, qkv, out, norm2, up, down } of blocks) {
    x = x.ref.add(attention(layerNorm(x, norm1), { qkv, out }));
    const hidden = nn.gelu(np.matmul(layerNorm(x.ref, norm2), up), { approximate: false });
    x = x.add(np.matmul(hidden, down));
  }
  const logits = np.matmul(layerNorm(x, norm), np.matrixTranspose(tokens));
  const picked = nn.logSoftmax(logits).mul(nn.oneHot(targets, V));
  return picked.sum().mul(-1 / (B * T));
}

/** One step of AdamW with clipping, compiled as a whole. */
const update = jit((params, m, v, corrections, inputs, targets) => {
  const [value, grads] = valueAndGrad(loss)(tree.ref(params), inputs, targets);
  const square = tree.leaves(tree.ref(grads)).map((g) => np.square(g).sum());
  const norm = np.sqrt(square.reduce((a, b) => a.add(b)));
  const scale = np.minimum(np.reciprocal(norm.add(1e-6)), 1);
  const clipped = tree.map((g) => g.mul(scale.ref), grads);
  scale.dispose();
  const m1 = tree.map((a, g) => a.mul(0.9).add(g.mul(0.1)), m, tree.ref(clipped));
  const v1 = tree.map((a, g) => a.mul(0.99).add(np.square(g).mul(0.01)), v, clipped);
  const [c1, c2] = np.split(corrections, 2);
  const rate = 1e-3;
  const next = tree.map(
    (p, a, b) => {
      const decay = p.shape.length > 1 ? 1 - rate * 0.1 : 1;
      const change = a.div(c1.ref).div(np.sqrt(b.div(c2.ref)).add(1e-8));
      return p.mul(decay).sub(change.mul(rate));
    },
    params,
    tree.ref(m1),
    tree.ref(v1),
  );
  c1.dispose();
  c2.dispose();
  return { params: next, m: m1, v: v1, loss: value };
});

async function step(seconds) {
  const tokens = ids(B * T + 1, V);
  const batch = (from) => array(tokens.slice(from, from + B * T), [B, T]);
  let params = parameters();
  let m = tree.map((p) => np.zeros(p.shape), params);
  let v = tree.map((p) => np.zeros(p.shape), params);
  let t = 0;
  const advance = async () => {
    t++;
    const corrections = np.array([1 - 0.9 ** t, 1 - 0.99 ** t]);
    const result = update(params, m, v, corrections, batch(0), batch(1));
    ({ params, m, v } = result);
    const [nats] = await result.loss.data();
    if (!Number.isFinite(nats)) throw new Error(`the loss is ${nats}`);
    return nats;
  };
  return { ...(await steps(seconds, advance)), first: Math.log(V), last: await advance() };
}

await main({ check: () => ({}), matmul, step });
