import type { Form } from "./product-program.ts";

/**
 * For hardware, up to four rows of a: bound by reading b, once. The lanes of a team share the k of four columns; their sums are
 * added by a tree, or by subgroups. Where b's lines run along k a team's lanes read along one, and else `across` teams read
 * along a line together. With `single` there is one row, and a is not transposed.
 */
export function vector(single: boolean, team: number, across: number, subgroups: boolean): Form {
  const bySubgroups = subgroups && across === 1;
  const rows = single ? [0] : [0, 1, 2, 3];
  const shared = across > 1 ? ` × ${across}` : "";
  return {
    key: `vector ${rows.length} by ${team}${shared}${bySubgroups ? " in subgroups" : ""}`,
    tile: [rows.length, 4 * across],
    lanes: team * across,
    subgroups: bySubgroups,
    byRow: true,
    code: () => /* wgsl */ `
const TEAM = ${team}u;
const ACROSS = ${across}u;
${bySubgroups ? joinedBySubgroups : joinedByTree}
fn kernel(group: u32, lane: u32) {
  let place = placeOf(group);
  let member = lane / ACROSS; // of its team
  let column = place.column + lane % ACROSS * 4u;
  var sum: ${single ? "vec4<f32>" : "mat4x4<f32>"}; // columns of each row
  if (column < p.n) {
    for (var k = place.first + 4u * member; k < place.end; k += 4u * TEAM) {
      sum += bBlock(place.b, k, column) * ${single ? "aQuad(place.a, 0u, k)" : "aBlock(place.a, 0u, k)"};
    }
  }
${rows.map((r) => `  let row${r} = joined(sum${single ? "" : `[${r}]`}, member, lane);`).join("\n")}
  if (member == 0u) {
${rows.map((r) => `    store(place.out, ${r}u, column, row${r});`).join("\n")}
  }
}`,
  };
}

const joinedByTree = /* wgsl */ `var<workgroup> sums: array<vec4<f32>, LANES>;
/** The sum over a team, for its first member. */
fn joined(sum: vec4<f32>, member: u32, lane: u32) -> vec4<f32> {
  workgroupBarrier(); // the last result has been read
  sums[lane] = sum;
  workgroupBarrier();
  for (var step = TEAM / 2u; step > 0u; step /= 2u) {
    if (member < step) { sums[lane] += sums[lane + step * ACROSS]; }
    workgroupBarrier();
  }
  return sums[lane];
}`;

const joinedBySubgroups = /* wgsl */ `var<workgroup> sums: array<vec4<f32>, LANES>;
/** The sum over the workgroup. */
fn joined(sum: vec4<f32>, member: u32, lane: u32) -> vec4<f32> {
  let part = subgroupAdd(sum);
  workgroupBarrier(); // the last result has been read
  if (subgroupLane == 0u) { sums[subgroupIndex] = part; }
  workgroupBarrier();
  var total = sums[0];
  for (var i = 1u; i < (LANES + subgroupSize - 1u) / subgroupSize; i++) { total += sums[i]; }
  return total;
}`;
