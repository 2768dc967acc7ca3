import type { Form } from "./product-program.ts";

/** A workgroup's lanes beside each other; with many rows, as many below. */
const SIDE = 4;

/**
 * For software adapters: each lane multiplies blocks straight from memory, without workgroup memory or barriers. `rows` is 1
 * or a multiple of 4, `columns` a multiple of 4. For one row a must not be transposed.
 */
export function direct(rows: number, columns: number): Form {
  const [down, across] = rows === 1 ? [1, SIDE * SIDE] : [SIDE, SIDE];
  const single = rows === 1;
  const [high, wide] = [Math.ceil(rows / 4), columns / 4];
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  const sums = range(high).flatMap((r) => range(wide).map((q) => [r, q] as const));
  const type = single ? "vec4<f32>" : "mat4x4<f32>";
  return {
    key: `direct ${rows}×${columns}`,
    tile: [down * rows, across * columns],
    lanes: SIDE * SIDE,
    byRow: true,
    code: () => /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let place = placeOf(group);
  let row = place.row + lane / ${across}u * ${rows}u;
  let column = place.column + lane % ${across}u * ${columns}u;
  if (row >= p.m || column >= p.n) { return; }
${sums.map(([r, q]) => `  var sum${r}${q}: ${type};`).join("\n")}
  for (var k = place.first; k < place.end; k += 4u) {
${range(high)
  .map((r) =>
    single
      ? `    let a${r} = aQuad(place.a, row, k);`
      : `    let a${r} = aBlock(place.a, row + ${4 * r}u, k);`,
  )
  .join("\n")}
${range(wide)
  .map(
    (q) =>
      `    let b${q} = bBlock(place.b, k, column + ${4 * q}u);\n${range(high)
        .map((r) => `    sum${r}${q} += b${q} * a${r};`)
        .join("\n")}`,
  )
  .join("\n")}
  }
${sums.map(([r, q]) => stored(`sum${r}${q}`, single, `row + ${4 * r}u`, `column + ${4 * q}u`)).join("\n")}
}`,
  };
}

// A copy to index, so that the sums themselves need not lie in memory; and a loop, since compiling takes time by length.
const stored = (sum: string, single: boolean, row: string, column: string): string =>
  single
    ? `  store(place.out, ${row}, ${column}, ${sum});`
    : `  var done_${sum} = ${sum};
  for (var i = 0u; i < 4u; i++) { store(place.out, ${row} + i, ${column}, done_${sum}[i]); }`;
