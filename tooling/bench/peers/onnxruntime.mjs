// onnxruntime-node: native code, as many threads as it is given.
import { createRequire } from "node:module";
import { median } from "../src/rounds.mjs";
import { main, noise, products } from "./measure.mjs";
import { model, node, value } from "./onnx.mjs";

const ort = createRequire(import.meta.url)("onnxruntime-node");

/** @param {Uint8Array} bytes @param {number} threads */
const session = (bytes, threads) =>
  ort.InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });

const f32 = (data, shape) => new ort.Tensor("float32", data, shape);
const i64 = (numbers) =>
  new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);

/** Neither operand is a constant, so that neither is packed beforehand. */
const matmul = (seconds, threads) =>
  products(seconds, async ({ m, n, k, transposeA, transposeB }) => {
    const shapes = { A: transposeA ? [k, m] : [m, k], B: transposeB ? [n, k] : [k, n], C: [m, n] };
    const gemm = node("Gemm", ["A", "B"], ["C"], { transA: +transposeA, transB: +transposeB });
    const inputs = [value("A", shapes.A), value("B", shapes.B)];
    const run = await session(
      model({ nodes: [gemm], inputs, outputs: [value("C", shapes.C)] }),
      threads,
    );
    const feeds = { A: f32(noise(m * k, 1), shapes.A), B: f32(noise(k * n, 1), shapes.B) };
    const out = { C: f32(new Float32Array(m * n), shapes.C) };
    return { run: () => run.run(feeds, out), free: () => run.release() };
  });

/** As `muladd bench generate --preset gpt2`: a prompt of 16, and 48 tokens after it, of which the first is not counted. */
async function decode(seconds, threads) {
  const { gpt2, sizes } = await import("./gpt2.mjs");
  const { layers, width, heads } = sizes;
  const run = await session(gpt2(), threads);
  const write = async (prompt, count) => {
    let past = {};
    for (let i = 0; i < layers; i++)
      for (const name of ["key", "value"])
        past[`${name}.${i}`] = f32(new Float32Array(0), [1, heads, 0, width / heads]);
    let pending = Array.from({ length: prompt }, (_, i) => i);
    let held = 0;
    const start = performance.now();
    let first = 0;
    for (let n = 0; n < count; n++) {
      const T = pending.length;
      const S = held + T;
      const mask = Float32Array.from({ length: T * S }, (_, i) =>
        i % S > held + Math.floor(i / S) ? -Infinity : 0,
      );
      const { logits, ...news } = await run.run({
        ids: i64(pending),
        positions: i64(pending.map((_, i) => held + i)),
        mask: f32(mask, [T, S]),
        ...past,
      });
      past = Object.fromEntries(
        Object.entries(news).map(([name, t]) => [
          name.replace(/^new(.)/, (_, c) => c.toLowerCase()),
          t,
        ]),
      );
      held = S;
      let best = 0;
      for (let i = 1; i < logits.data.length; i++) if (logits.data[i] > logits.data[best]) best = i;
      pending = [best];
      first ||= performance.now() - start;
    }
    return { first, each: (performance.now() - start - first) / Math.max(count - 1, 1) };
  };
  await write(16, 48);
  const seen = { prefill: [], decode: [] };
  const begun = performance.now();
  while (seen.decode.length < 3 || performance.now() - begun < seconds * 1000) {
    seen.prefill.push((64 * 1000) / (await write(64, 1)).first);
    seen.decode.push(1000 / (await write(16, 48)).each);
  }
  return { prefill: median(seen.prefill), decode: median(seen.decode) };
}

await main({ check: () => ({}), matmul, decode });
