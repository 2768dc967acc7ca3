import { type Kernels, size } from "@muladd/tensor";
import type { Context } from "../context.ts";

const LANES = 64;

/** Threefry-2x32 with 20 rounds, as `fillUniform` has it: Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405 */
export const random = (context: Context): Pick<Kernels, "uniform"> => ({
  uniform(out, [k0, k1], counter) {
    const program = context.program("uniform", () => ({
      reads: {},
      writes: { out: "vec2<f32>" },
      params: { pairs: "u32", k0: "u32", k1: "u32", counter: "u32" },
      lanes: LANES,
      code: /* wgsl */ `
fn round(v: vec2<u32>, r: u32) -> vec2<u32> {
  let x = v.x + v.y;
  return vec2<u32>(x, ((v.y << r) | (v.y >> (32u - r))) ^ x);
}
fn even(v: vec2<u32>) -> vec2<u32> { return round(round(round(round(v, 13u), 15u), 26u), 6u); }
fn odd(v: vec2<u32>) -> vec2<u32> { return round(round(round(round(v, 17u), 29u), 16u), 24u); }
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.pairs) { return; }
  let k2 = p.k0 ^ p.k1 ^ 0x1bd11bdau;
  var v = vec2<u32>(i + p.k0, p.counter + p.k1);
  v = even(v) + vec2<u32>(p.k1, k2 + 1u);
  v = odd(v) + vec2<u32>(k2, p.k0 + 2u);
  v = even(v) + vec2<u32>(p.k0, p.k1 + 3u);
  v = odd(v) + vec2<u32>(p.k1, k2 + 4u);
  v = even(v) + vec2<u32>(k2, p.k0 + 5u);
  out[i] = vec2<f32>(v >> vec2<u32>(8u)) * 5.9604644775390625e-8; // 2⁻²⁴
}`,
    }));
    const pairs = Math.ceil(size(out.shape) / 2);
    context.run(program, [], [out], [pairs, k0, k1, counter], Math.ceil(pairs / LANES));
  },
});
