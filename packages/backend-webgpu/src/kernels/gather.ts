import { type Kernels, size } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { special } from "../wgsl/math.ts";

const LANES = 64;

/** gather and scatterAdd. */
export const gathering = (context: Context): Pick<Kernels, "gather" | "scatterAdd"> => ({
  gather(out, table, ids) {
    const [rows, columns] = table.shape as [number, number];
    const type = out.dtype;
    const wide = columns % 4 === 0;
    const element = wide ? `vec4<${type}>` : type;
    const program = context.program(`gather ${element}`, () => ({
      reads: { table: element, ids: "i32" },
      writes: { out: element },
      params: { count: "u32", rows: "i32", columns: "u32" },
      lanes: LANES,
      code: /* wgsl */ `${special}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.count) { return; }
  let id = ids[i / p.columns];
  if (id < 0 || id >= p.rows) { out[i] = ${element}(${type === "f32" ? "nan()" : "0"}); return; }
  out[i] = table[u32(id) * p.columns + i % p.columns];
}`,
    }));
    const width = wide ? columns / 4 : columns;
    const count = size(ids.shape) * width;
    const bytes = 8 * size(out.shape) + 4 * size(ids.shape);
    context.run(program, [table, ids], [out], [count, rows, width], Math.ceil(count / LANES), {
      bytes,
    });
  },

  // There is no atomic addition of floats, and its order would be anybody's. So the first row of each id adds up all others,
  // in their order, along a chain that the first pass makes: (next, previous) of each row, or `count` where there is none.
  scatterAdd(out, rows, ids) {
    const [length, columns] = out.shape as [number, number];
    const count = size(ids.shape);
    if (count === 0 || columns === 0) return;
    const type = out.dtype;
    const chain = context.program("scatterAdd chain", () => ({
      reads: { ids: "i32" },
      writes: { links: "u32" },
      params: { count: "u32" },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let row = group * LANES + lane;
  if (row >= p.count) { return; }
  let id = ids[row];
  var next = row + 1u;
  while (next < p.count && ids[next] != id) { next++; }
  var previous = row;
  while (previous > 0u && ids[previous - 1u] != id) { previous--; }
  links[2u * row] = next;
  links[2u * row + 1u] = previous; // one more than its number
}`,
    }));
    const wide = columns % 4 === 0;
    const element = wide ? `vec4<${type}>` : type;
    const add = context.program(`scatterAdd ${element}`, () => ({
      reads: { rows: element, ids: "i32", links: "u32" },
      writes: { out: element },
      params: { count: "u32", length: "i32", columns: "u32" },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  var row = i / p.columns;
  let column = i % p.columns;
  if (row >= p.count || links[2u * row + 1u] > 0u) { return; }
  let id = ids[row];
  if (id < 0 || id >= p.length) { return; }
  let at = u32(id) * p.columns + column;
  var total = out[at];
  while (row < p.count) {
    total += rows[row * p.columns + column];
    row = links[2u * row];
  }
  out[at] = total;
}`,
    }));
    const width = wide ? columns / 4 : columns;
    context.scratch(2 * count, (links) => {
      context.run(chain, [ids], [links], [count], Math.ceil(count / LANES));
      const bytes = 4 * (3 * count * columns + 3 * count);
      context.run(
        add,
        [rows, ids, links],
        [out],
        [count, length, width],
        Math.ceil((count * width) / LANES),
        { bytes, flops: count * columns },
      );
    });
  },
});
