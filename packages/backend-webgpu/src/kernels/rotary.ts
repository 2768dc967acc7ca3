import { type FusedKernels, size } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { elementOf } from "../wgsl/quads.ts";

const LANES = 64;

/** Rotary positions. Su et al. 2021, https://arxiv.org/abs/2104.09864 */
export const rotary = (context: Context): Pick<FusedKernels, "rotary"> => ({
  rotary(out, x, table, { heads, start, inverse }) {
    const [, T, W] = x.shape as [number, number, number];
    const D = table.shape[1]!;
    // By quads where both halves of a head, and what is only copied, are whole ones.
    const wide = D % 8 === 0 && W % 4 === 0;
    const element = elementOf(wide);
    const program = context.program(`rotary ${element}`, () => ({
      reads: { x: element, table: element },
      writes: { out: element },
      params: {
        count: "u32",
        rows: "u32",
        width: "u32",
        turned: "u32",
        half: "u32",
        start: "u32",
        sign: "f32",
      },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let at = group * LANES + lane;
  if (at >= p.count) { return; }
  let column = at % p.width;
  if (column >= p.turned) { out[at] = x[at]; return; }
  let i = column % (2u * p.half);
  let angle = (p.start + at / p.width % p.rows) * 2u * p.half + i % p.half;
  let c = table[angle];
  let s = p.sign * table[angle + p.half];
  if (i < p.half) { out[at] = c * x[at] - s * x[at + p.half]; }
  else { out[at] = c * x[at] + s * x[at - p.half]; }
}`,
    }));
    const unit = wide ? 4 : 1;
    const count = size(x.shape) / unit;
    const numbers = [T, W / unit, (heads * D) / unit, D / 2 / unit, start, inverse ? -1 : 1];
    context.run(program, [x, table], [out], [count, ...numbers], Math.ceil(count / LANES), {
      bytes: 8 * size(x.shape) + 4 * T * D,
      flops: size(x.shape) === 0 ? 0 : (3 * size(x.shape) * heads * D) / W,
    });
  },
});
