import { type FusedKernels, size } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { special } from "../wgsl/math.ts";
import { reduction } from "./reduce.ts";

const LANES = 64;
/** Quads whose squares one lane adds up. */
const RUN = 16;

/** The norm of all gradients, and AdamW in place: one pass over what each touches. */
export const optimizer = (context: Context): Pick<FusedKernels, "squaredNorm" | "adamW"> => {
  const { reduce } = reduction(context);

  return {
    // A partial sum a lane, those of all operands in one row, then their sum: the same order every time.
    squaredNorm(out, xs) {
      const program = context.program("squaredNorm", () => ({
        reads: { x: "vec4<f32>" },
        writes: { sums: "f32" },
        params: { count: "u32", parts: "u32", at: "u32" },
        lanes: LANES,
        code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let part = group * LANES + lane;
  if (part >= p.parts) { return; }
  let quads = (p.count + 3u) / 4u;
  var total = 0.0;
  for (var i = part; i < quads; i += p.parts) {
    let inside = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(p.count);
    let v = select(vec4<f32>(), x[i], inside);
    total += dot(v, v);
  }
  sums[p.at + part] = total;
}`,
      }));
      const parts = xs.map((x) => Math.ceil(Math.ceil(size(x.shape) / 4) / RUN));
      const all = parts.reduce((a, b) => a + b, 0);
      context.scratch(Math.max(all, 1), (sums) => {
        let at = 0;
        for (const [i, x] of xs.entries()) {
          const n = size(x.shape);
          const numbers = [n, parts[i]!, at];
          const work = { bytes: 4 * n, flops: 2 * n };
          context.run(program, [x], [sums], numbers, Math.ceil(parts[i]! / LANES), work);
          at += parts[i]!;
        }
        reduce("sum", out, sums, [1, all, 1]);
      });
    },

    adamW(p, m, v, g, gradScale, step) {
      const program = context.program("adamW", () => ({
        reads: { g: "vec4<f32>", gradScale: "f32" },
        writes: { x: "vec4<f32>", m: "vec4<f32>", v: "vec4<f32>" },
        params: {
          quads: "u32",
          beta1: "f32",
          rest1: "f32",
          beta2: "f32",
          rest2: "f32",
          keep: "f32",
          rate: "f32",
          correction1: "f32",
          correction2: "f32",
          epsilon: "f32",
        },
        lanes: LANES,
        code: /* wgsl */ `${special}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  let scale = gradScale[0];
  if (i >= p.quads || isNan(scale)) { return; }
  let slope = g[i] * scale;
  let m1 = p.beta1 * m[i] + p.rest1 * slope;
  let v1 = p.beta2 * v[i] + p.rest2 * slope * slope;
  m[i] = m1;
  v[i] = v1;
  x[i] = x[i] * p.keep - p.rate * (m1 / p.correction1) / (sqrt(v1 / p.correction2) + p.epsilon);
}`,
      }));
      const { rate, beta1, beta2, epsilon, decay, correction1, correction2 } = step;
      const quads = Math.ceil(size(p.shape) / 4);
      // Differences are taken here, in double precision: 1 − 0.999 has three digits less in f32.
      const numbers = [
        quads,
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        1 - rate * decay,
        rate,
        correction1,
        correction2,
        epsilon,
      ];
      const n = size(p.shape);
      context.run(program, [g, gradScale], [p, m, v], numbers, Math.ceil(quads / LANES), {
        bytes: 28 * n,
        flops: 15 * n,
      });
    },
  };
};
