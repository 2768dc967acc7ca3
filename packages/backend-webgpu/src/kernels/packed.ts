import { type Dense, type FusedKernels, type PackedMatrix, size } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { special } from "../wgsl/math.ts";
import { packedBuffers, packedQuad } from "../wgsl/packed.ts";
import { elementOf, quadsOf, writeQuad } from "../wgsl/quads.ts";
import { dense, multiply } from "./matmul.ts";

const LANES = 64;

const buffersOf = ({ words, scales }: PackedMatrix): Dense[] =>
  scales ? [words, scales] : [words];

/** Products by packed weights, and rows of packed tables. */
export const packed = (context: Context): Pick<FusedKernels, "linearPacked" | "gatherPacked"> => ({
  linearPacked(out, x, weight, bias, residual, activation) {
    const [n, k] = weight.shape;
    const [m] = rowsOf(x);
    const { words, format } = weight;
    multiply(context, {
      ...{ batch: 1, m, k, n, transposeA: false, transposeB: true },
      a: dense(x, k),
      b: { ...dense(words, words.shape[1]!), packed: { format, scales: weight.scales } },
      out: dense(out, n),
      epilogue: { bias, activation, residual },
    });
  },

  gatherPacked(out, table, ids) {
    const { format, words } = table;
    const [rows, columns] = table.shape;
    const wide = columns % 4 === 0;
    const program = context.program(`gather ${format}${wide ? "" : " odd"}`, () => ({
      reads: { ...packedBuffers("table", format), ids: "i32" },
      writes: { out: elementOf(wide) },
      params: { count: "u32", rows: "i32", columns: "u32", quads: "u32", width: "u32" },
      lanes: LANES,
      code: /* wgsl */ `${special}${packedQuad("table", format, "p.width")}${writeQuad("out", wide)}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane; // of the quads of the result
  if (i >= p.count) { return; }
  let row = i / p.quads;
  let id = ids[row];
  var quad = vec4<f32>(nan());
  if (id >= 0 && id < p.rows) { quad = tableQuad(0u, u32(id), i % p.quads * 4u); }
  outPut(row * ${wide ? "p.quads" : "p.columns"}, i % p.quads, quad);
}`,
    }));
    const quads = quadsOf(columns);
    const count = size(ids.shape) * quads;
    const width = words.shape[1]!;
    const bytes = 4 * size(ids.shape) * (1 + columns + width);
    context.run(
      program,
      [...buffersOf(table), ids],
      [out],
      [count, rows, columns, quads, width],
      Math.ceil(count / LANES),
      { bytes },
    );
  },
});
