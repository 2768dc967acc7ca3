import type { Context } from "../context.ts";
import { epilogueBuffers, epilogueCode, epilogueKey, epilogueOperands } from "./epilogue.ts";
import { layoutOf, type Product } from "./product.ts";

const LANES = 64;

/**
 * The second pass of a product whose k was split: adds `parts` partial results, each (batch, m, width) with `width` the next
 * multiple of 4 from n on, in their order, and ends as the whole would.
 */
export function addParts(
  context: Context,
  { batch, m, n, out, ...product }: Product,
  partial: Product["out"],
  parts: number,
): void {
  const { epilogue } = product;
  const wide = layoutOf({ batch, m, n, out, ...product }).quads.out;
  const buffers = epilogueBuffers(epilogue, wide);
  const program = context.program(
    `matmul parts${wide ? "" : " odd out"}${epilogueKey(epilogue)}`,
    () => ({
      reads: { partial: "vec4<f32>", ...buffers.reads },
      writes: buffers.writes,
      params: {
        count: "u32",
        parts: "u32",
        width: "u32",
        m: "u32",
        n: "u32",
        outAt: "u32",
        outWidth: "u32",
        outStep: "u32",
      },
      lanes: LANES,
      code: /* wgsl */ `${epilogueCode(epilogue, wide)}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane; // of the quads of a part
  if (i >= p.count) { return; }
  var total = partial[i];
  for (var part = 1u; part < p.parts; part++) { total += partial[part * p.count + i]; }
  let row = i / p.width;
  store(p.outAt + row / p.m * p.outStep, row % p.m, i % p.width * 4u, total);
}`,
    }),
  );
  const width = partial.width / 4;
  const count = batch * m * width;
  const units = [out.at, out.width, out.step].map((x) => (wide ? x / 4 : x));
  const operands = epilogueOperands(out.of, epilogue);
  context.run(
    program,
    [partial.of, ...operands.reads],
    operands.writes,
    [count, parts, width, m, n, ...units],
    Math.ceil(count / LANES),
    { flops: parts * batch * m * n, bytes: 4 * (parts + 1) * batch * m * n },
  );
}
