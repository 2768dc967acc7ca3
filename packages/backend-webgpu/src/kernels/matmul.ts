import type { Kernels } from "@muladd/tensor";
import type { Context } from "../context.ts";

const LANES = 64;

/** out (batch, m, n) = a · b, one number a lane. */
export const matmul =
  (context: Context): Kernels["matmul"] =>
  (out, a, b, { batch, m, k, n, transposeA, transposeB }) => {
    const program = context.program("matmul", () => ({
      reads: { a: "f32", b: "f32" },
      writes: { out: "f32" },
      params: {
        batch: "u32",
        m: "u32",
        k: "u32",
        n: "u32",
        am: "u32",
        ak: "u32",
        bk: "u32",
        bn: "u32",
      },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.batch * p.m * p.n) { return; }
  let s = i / (p.m * p.n);
  var ia = s * p.m * p.k + i / p.n % p.m * p.am;
  var ib = s * p.k * p.n + i % p.n * p.bn;
  var total = 0.0;
  for (var r = 0u; r < p.k; r++) { total += a[ia] * b[ib]; ia += p.ak; ib += p.bk; }
  out[i] = total;
}`,
    }));
    const strides = [
      transposeA ? 1 : k,
      transposeA ? m : 1,
      transposeB ? 1 : n,
      transposeB ? k : 1,
    ];
    const count = batch * m * n;
    context.run(program, [a, b], [out], [batch, m, k, n, ...strides], Math.ceil(count / LANES), {
      flops: 2 * count * k,
    });
  };
