// tfjs on its WASM backend. It has one thread in Node: its threads are a browser's.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { ids, main, nanogpt, noise, products, steps } from "./measure.mjs";

const require = createRequire(import.meta.url); // the builds for Node are CommonJS
const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");
wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await tf.setBackend("wasm");
await tf.ready();

const matmul = (seconds) =>
  products(seconds, ({ m, n, k, transposeA, transposeB }) => {
    const a = tf.tensor2d(noise(m * k, 1), transposeA ? [k, m] : [m, k]);
    const b = tf.tensor2d(noise(k * n, 1), transposeB ? [n, k] : [k, n]);
    return {
      run: () => tf.matMul(a, b, transposeA, transposeB).dispose(),
      free: () => tf.dispose([a, b]),
    };
  });

/** nanoGPT's model. `gather` has no gradient in WASM, so that embeddings are products with one-hot rows. */
function model({ layers, width: C, heads: H, context: T, batch: B, vocabulary: V }) {
  const D = C / H;
  const weight = (...shape) =>
    tf.variable(
      tf.tensor(
        noise(
          shape.reduce((a, b) => a * b),
          0.035,
        ),
        shape,
      ),
    ); // std 0.02
  const gain = () => tf.variable(tf.ones([C]));
  const tokens = weight(V, C);
  const positions = weight(T, C);
  const blocks = Array.from({ length: layers }, () => ({
    norm1: gain(),
    qkv: weight(C, 3 * C),
    out: weight(C, C),
    norm2: gain(),
    up: weight(C, 4 * C),
    down: weight(4 * C, C),
  }));
  const norm = gain();
  const mask = tf.tensor2d(
    Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0)),
    [T, T],
  );

  const layerNorm = (x, g) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), g);
  };
  const split = (x) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, T, H, D]), [0, 2, 1, 3]), [B * H, T, D]);
  const attention = (x, { qkv, out }) => {
    const [q, k, v] = tf.split(tf.matMul(x, qkv), 3, 1).map(split);
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D)), mask);
    const y = tf.reshape(tf.matMul(tf.softmax(scores), v), [B, H, T, D]);
    return tf.matMul(tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [B * T, C]), out);
  };
  const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const loss = (inputs, targets) => {
    const embedded = tf.matMul(inputs, tokens); // (B·T, V) one-hot
    let x = tf.reshape(tf.add(tf.reshape(embedded, [B, T, C]), positions), [B * T, C]);
    for (const block of blocks) {
      x = tf.add(x, attention(layerNorm(x, block.norm1), block));
      const hidden = gelu(tf.matMul(layerNorm(x, block.norm2), block.up));
      x = tf.add(x, tf.matMul(hidden, block.down));
    }
    const logits = tf.matMul(layerNorm(x, norm), tokens, false, true);
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), targets), -1)));
  };
  return {
    loss,
    decayed: [tokens, positions, ...blocks.flatMap((b) => [b.qkv, b.out, b.up, b.down])],
  };
}

async function step(seconds) {
  const { context, batch, vocabulary } = nanogpt;
  const { loss, decayed } = model(nanogpt);
  const rate = 1e-3;
  const adam = tf.train.adam(rate, 0.9, 0.99, 1e-8);
  const tokens = ids(batch * context + 1, vocabulary);
  const oneHot = (from) => {
    const rows = new Float32Array(batch * context * vocabulary);
    for (let i = 0; i < batch * context; i++) rows[i * vocabulary + tokens[from + i]] = 1;
    return tf.tensor2d(rows, [batch * context, vocabulary]);
  };
  const advance = () =>
    tf.tidy(() => {
      const [inputs, targets] = [oneHot(0), oneHot(1)];
      const { value, grads } = tf.variableGrads(() => loss(inputs, targets));
      const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
      const scale = tf.minimum(tf.div(1, tf.add(norm, 1e-6)), 1);
      for (const name of Object.keys(grads)) grads[name] = tf.mul(grads[name], scale);
      for (const p of decayed) p.assign(tf.mul(p, 1 - rate * 0.1));
      adam.applyGradients(grads);
      const [nats] = value.dataSync();
      if (!Number.isFinite(nats)) throw new Error(`the loss is ${nats}`);
      return nats;
    });
  return { ...(await steps(seconds, advance)), first: Math.log(vocabulary), last: advance() };
}

await main({ check: () => ({ version: tf.version_core }), matmul, step });
