import type { Form } from "./product-program.ts";

/**
 * For hardware, up to four rows of a: bound by reading b once. Lanes of a team share k, and a quad of columns; their sums are
 * added by a tree, or by subgroups. Where b's lines run along k a team's lanes read along them, and else `across` teams read
 * along a line together.
 */
export function vector(single: boolean, team: number, across: number, subgroups: boolean): Form {
  const lanes = team * across;
  const type = single ? "vec4<f32>" : "mat4x4<f32>";
  const bySubgroups = subgroups && across === 1;
  return {
    key: `vector ${single ? 1 : 4} by ${team}${across > 1 ? `×${across}` : ""}${bySubgroups ? " in subgroups" : ""}`,
    tile: [single ? 1 : 4, 4 * across],
    lanes,
    subgroups: bySubgroups,
    byRow: true,
    code: () => /* wgsl */ `
var<workgroup> sums: array<${type}, ${lanes}>;
fn kernel(group: u32, lane: u32) {
  let place = placeOf(group);
  let member = lane / ${across}u; // of its team
  let column = place.column + lane % ${across}u * 4u;
  var sum = ${type}();
  if (column < p.n) {
    for (var k = place.first + 4u * member; k < place.end; k += ${4 * team}u) {
      sum += bBlock(place.b, k, column) * ${single ? "aQuad(place.a, 0u, k)" : "aBlock(place.a, 0u, k)"};
    }
  }
${bySubgroups ? join(single) : tree(team, across)}
  if (member == 0u) {
${[0, 1, 2, 3]
  .slice(0, single ? 1 : 4)
  .map((r) => `    store(place.out, ${r}u, column, sum${single ? "" : `[${r}]`});`)
  .join("\n")}
  }
}`,
  };
}

const tree = (team: number, across: number): string => /* wgsl */ `  sums[lane] = sum;
  workgroupBarrier();
  for (var step = ${team / 2}u; step > 0u; step /= 2u) {
    if (member < step) { sums[lane] += sums[lane + step * ${across}u]; }
    workgroupBarrier();
  }
  sum = sums[lane];`;

const join = (single: boolean): string => /* wgsl */ `  sum = ${
  single
    ? "subgroupAdd(sum)"
    : `mat4x4<f32>(${[0, 1, 2, 3].map((r) => `subgroupAdd(sum[${r}])`).join(", ")})`
};
  if (subgroupLane == 0u) { sums[subgroupIndex] = sum; }
  workgroupBarrier();
  sum = sums[0];
  for (var i = 1u; i < (LANES + subgroupSize - 1u) / subgroupSize; i++) { sum += sums[i]; }`;
