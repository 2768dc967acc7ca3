import type { Dense } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { quadsOf, writeQuad } from "../wgsl/quads.ts";
import { finish, type Heads, headCode, headParams, keyOf } from "./attention-heads.ts";

const LANES = 64;

/**
 * Attention over parts of the keys. `record` writes, for each query (B, H, T) and part: the sum of values with weights
 * e^(s − peak), in quads, and (peak, Σ of the weights). They are then put together in the order of the parts.
 */
export function combine(
  context: Context,
  out: Dense,
  logSum: Dense,
  heads: Heads,
  parts: number,
  record: (sums: Dense, stats: Dense) => void,
): void {
  const { B, T, H, D, wide, element } = heads;
  const rows = B * H * T;
  const quads = quadsOf(D);
  const program = context.program(`attention${keyOf(heads)} combine`, () => ({
    reads: { sums: "vec4<f32>", stats: "vec2<f32>" },
    writes: { out: element, logSum: "f32" },
    params: { ...headParams, count: "u32", parts: "u32" },
    lanes: LANES,
    code: /* wgsl */ `${headCode}${finish}${writeQuad("out", wide)}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.count) { return; }
  let row = i / p.quads; // (B, H, T)
  let quad = i % p.quads;
  let start = row * p.parts;
  var peak = LOWEST;
  for (var part = start; part < start + p.parts; part++) { peak = max(peak, stats[part].x); }
  var total = 0.0;
  var sum = vec4<f32>();
  for (var part = start; part < start + p.parts; part++) {
    let share = weight(stats[part].x - peak);
    total += share * stats[part].y;
    sum += share * sums[part * p.quads + quad];
  }
  let h = row / p.queries % p.heads;
  let token = row / p.queries / p.heads * p.queries + row % p.queries; // (B, T)
  outPut((token * p.heads + h) * p.width, quad, inverseOf(total) * sum);
  if (quad == 0u) { logSum[row] = logOf(peak, total); }
}`,
  }));
  context.scratch(rows * parts * quads * 4, (sums) =>
    context.scratch(rows * parts * 2, (stats) => {
      record(sums, stats);
      context.run(
        program,
        [sums, stats],
        [out, logSum],
        [...heads.numbers, rows * quads, parts],
        Math.ceil((rows * quads) / LANES),
        { flops: 2 * rows * parts * D },
      );
    }),
  );
}
