import type { Form } from "./product-program.ts";

/** Of a workgroup: its part of the output, how much of k it holds at once, and the numbers that a lane sums. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly lane: readonly [rows: number, columns: number];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * For hardware: a workgroup keeps tiles of both operands in its memory, as quads along rows and along columns, and each lane
 * sums products of quads in registers. The next tiles are on their way while those at hand are multiplied. With `half`, tiles
 * are rounded to f16; their products are exact in f32, and are summed there.
 */
export function tiled(tile: Tile, half: boolean): Form {
  const { rows, columns, depth, lane } = tile;
  const [down, across] = [rows / lane[0], columns / lane[1]];
  return {
    key: `tile ${rows}×${columns}${half ? " f16" : ""}`,
    tile: [rows, columns],
    lanes: down * across,
    f16: half,
    byRow: false,
    code: ({ transposeA, transposeB }) => {
      const type = half ? "vec4<f16>" : "vec4<f32>";
      const quads = { a: range(lane[0] / 4), b: range(lane[1] / 4) };
      return /* wgsl */ `
const DEPTH = ${depth}u;
const A_QUADS = ${rows / 4}u;
const B_QUADS = ${columns / 4}u;
const A_BLOCKS = A_QUADS * DEPTH / 4u;
const B_BLOCKS = B_QUADS * DEPTH / 4u;
const A_LINE = A_QUADS + 1u; // so that lanes write to different banks
const B_LINE = B_QUADS + 1u;
var<workgroup> aTile: array<${type}, DEPTH * A_LINE>;
var<workgroup> bTile: array<${type}, DEPTH * B_LINE>;

/** A block of 4 × 4, by its place in the tiles: of a, then of b. Neighbouring lanes read what lies together. */
fn placeInA(i: u32) -> vec2<u32> { return ${placeIn("A", !transposeA)}; }
fn placeInB(i: u32) -> vec2<u32> { return ${placeIn("B", transposeB)}; }
fn load(place: Place, k: u32, lane: u32) -> mat4x4<f32> {
  if (lane < A_BLOCKS) {
    let at = placeInA(lane);
    if (k + at.x < place.end) { return aBlock(place.a, place.row + at.y * 4u, k + at.x); }
  } else if (lane < A_BLOCKS + B_BLOCKS) {
    let at = placeInB(lane - A_BLOCKS);
    if (k + at.x < place.end) { return bBlock(place.b, k + at.x, place.column + at.y * 4u); }
  }
  return mat4x4<f32>();
}
fn keep(block: mat4x4<f32>, lane: u32) {
  if (lane < A_BLOCKS) {
    let at = placeInA(lane);
${range(4)
  .map((i) => `    aTile[(at.x + ${i}u) * A_LINE + at.y] = ${type}(block[${i}]);`)
  .join("\n")}
  } else if (lane < A_BLOCKS + B_BLOCKS) {
    let at = placeInB(lane - A_BLOCKS);
${range(4)
  .map((i) => `    bTile[(at.x + ${i}u) * B_LINE + at.y] = ${type}(block[${i}]);`)
  .join("\n")}
  }
}

fn kernel(group: u32, lane: u32) {
  let place = placeOf(group);
  let aQuad = lane / ${across}u; // the first of its lane, the next ${down} further
  let bQuad = lane % ${across}u; // the next ${across} further
${range(lane[0])
  .map((r) => `  ${quads.b.map((q) => `var sum${r}_${q} = vec4<f32>();`).join(" ")}`)
  .join("\n")}
  var block = load(place, place.first, lane);
  for (var k = place.first; k < place.end; k += DEPTH) {
    keep(block, lane);
    workgroupBarrier();
    block = load(place, k + DEPTH, lane);
    for (var i = 0u; i < DEPTH; i++) {
${quads.a.map((q) => `      let a${q} = vec4<f32>(aTile[i * A_LINE + aQuad + ${q * down}u]);`).join("\n")}
${quads.b.map((q) => `      let b${q} = vec4<f32>(bTile[i * B_LINE + bQuad + ${q * across}u]);`).join("\n")}
${multiply(lane[0], quads.b)}
    }
    workgroupBarrier();
  }
${range(lane[0])
  .flatMap((r) =>
    quads.b.map(
      (q) =>
        `  store(place.out, place.row + (aQuad + ${(r >> 2) * down}u) * 4u + ${r % 4}u, place.column + (bQuad + ${q * across}u) * 4u, sum${r}_${q});`,
    ),
  )
  .join("\n")}
}`;
    },
  };
}

/** (k, quad) of block i of a tile: along k first where stored lines run along k. */
const placeIn = (name: "A" | "B", alongK: boolean): string =>
  alongK
    ? "vec2<u32>(i % (DEPTH / 4u) * 4u, i / (DEPTH / 4u))"
    : `vec2<u32>(i / ${name}_QUADS * 4u, i % ${name}_QUADS)`;

const multiply = (rows: number, quads: readonly number[]): string =>
  range(rows)
    .map((r) => {
      const a = `vec4<f32>(a${r >> 2}.${"xyzw"[r % 4]})`;
      return `      ${quads.map((q) => `sum${r}_${q} = fma(${a}, b${q}, sum${r}_${q});`).join(" ")}`;
    })
    .join("\n");
