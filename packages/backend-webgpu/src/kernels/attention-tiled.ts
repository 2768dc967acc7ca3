import type { Dense, View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { readQuad, writeQuad } from "../wgsl/quads.ts";
import { each, finish, type Heads, headCode, headParams, keyOf } from "./attention-heads.ts";
import {
  accumulate,
  COLUMNS,
  eachSum,
  findColumns,
  findRows,
  loader,
  product,
  putWeights,
  sums,
  tileCode,
  widthOf,
} from "./attention-tiles.ts";

/** Queries of a workgroup: as many as there are lanes for, unless so many would be idle. */
export const blockOf = (rows: number): number => (rows > 32 ? 64 : 32);

/**
 * Attention of a block of queries by a workgroup, through tiles of 32 keys, up to the last that any of them sees. The
 * running maximum of a row is known to all of its 8 lanes; each sums the weights of its own keys, put together at the end.
 * Dao et al. 2022, https://arxiv.org/abs/2205.14135
 */
export function tiledAttention(
  context: Context,
  out: Dense,
  logSum: Dense,
  [q, k, v]: readonly [View, View, View],
  heads: Heads,
): void {
  const { B, K, D, rows, pairs, queryBytes, keyBytes } = heads;
  const block = blockOf(rows);
  const program = context.program(
    `attention${keyOf(heads)} tiled ${block}×${COLUMNS} D ≤ ${widthOf(D)}`,
    () => tiledProgram(heads, block),
  );
  const groups = B * K * Math.ceil(rows / block);
  const work = { flops: 4 * pairs * D, bytes: 2 * (queryBytes + keyBytes) };
  context.run(program, [q, k, v], [out, logSum], heads.numbers, groups, work);
}

function tiledProgram(heads: Heads, block: number) {
  const { D, wide, element } = heads;
  const rows = (text: (r: number) => string) => each(4, text);
  const keys = (text: (c: number) => string, between?: string) => each(4, text, between);
  return {
    reads: { q: element, k: element, v: element },
    writes: { out: element, logSum: "f32" },
    params: headParams,
    lanes: 2 * block,
    code: /* wgsl */ `${headCode}${finish}${tileCode(block)}
${["q", "k", "v"].map((x) => readQuad(x, wide) + loader(x)).join("")}${writeQuad("out", wide)}
var<workgroup> shared8: array<vec4<f32>, ${2 * block}>; // of the 8 lanes that have the same rows
fn kernel(group: u32, lane: u32) {
  let y = lane / 8u;
  let x = lane % 8u;
  let blocks = (p.rows + BLOCK - 1u) / BLOCK;
  let b = group / blocks / p.keyHeads;
  let keyHead = group / blocks % p.keyHeads;
  let start = (blocks - 1u - group % blocks) * BLOCK; // those with most keys first
  let hidden = vec4<u32>(${each(4, (r) => `hiddenFrom(start + y * 4u + ${r}u)`, ", ")});
  let seen = vec4<u32>(${each(4, (r) => `seenBy(start + y * 4u + ${r}u)`, ", ")}) - hidden;
${findRows("q", block, "start", "p.rows", "qAt(b, keyHead, at)")}
  var peak = vec4<f32>(LOWEST);
  var total = vec4<f32>();
${sums("sum", D)}
  let end = seenBy(min(start + BLOCK, p.rows) - 1u);
  for (var key = hiddenFrom(start); key < end; key += ${COLUMNS}u) {
${findColumns("k", block, "key", "p.keys", "kAt(b, keyHead, at)")}
${findColumns("v", block, "key", "p.keys", "vAt(b, keyHead, at)")}
${keys((c) => `  var s${c} = vec4<f32>();`)}
${product("s", "q", "k", block, D)}
    var top = vec4<f32>(LOWEST);
${keys(
  (
    c,
  ) => `    let sees${c} = vec4<u32>(key + x + ${8 * c}u) - hidden < seen; // those before wrap around
    s${c} *= p.scale;
    top = max(top, select(vec4<f32>(LOWEST), s${c}, sees${c}));`,
)}
    shared8[lane] = top;
    workgroupBarrier();
    let last = peak;
    for (var i = 0u; i < 8u; i++) { peak = max(peak, shared8[y * 8u + i]); }
    let keep = weights(last - peak);
${keys((c) => `    let w${c} = select(vec4<f32>(), weights(s${c} - peak), sees${c});`)}
    total = keep * total + (w0 + w1 + w2 + w3);
${putWeights("w")}
${accumulate("sum", "v", block, D, (r) => `keep[${r}] * `)}
  }
  workgroupBarrier();
  shared8[lane] = total;
  workgroupBarrier();
  total = vec4<f32>();
  for (var i = 0u; i < 8u; i++) { total += shared8[y * 8u + i]; }
${rows(
  (r) => `  let row${r} = start + y * 4u + ${r}u;
  let outAt${r} = outAt(b, keyHead, row${r});
  let inverse${r} = inverseOf(total[${r}]);
  if (row${r} < p.rows && x == 0u) { logSum[queryAt(b, keyHead, row${r})] = logOf(peak[${r}], total[${r}]); }`,
)}
${eachSum("sum", D, (r, quad, sum) => `if (row${r} < p.rows) { outPut(outAt${r}, ${quad}, inverse${r} * ${sum}); }`)}
}`,
  };
}
