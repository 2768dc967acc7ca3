import type { Dense, View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { readQuad } from "../wgsl/quads.ts";
import { combine } from "./attention-combine.ts";
import { each, type Heads, headCode, headParams, keyOf } from "./attention-heads.ts";

const LANES = 64;
/** Of one query: more take longer to combine than they gain. */
const MOST_PARTS = 32;
/** Keys whose weights workgroup memory holds: 8 KB for four queries. */
const LONGEST_PART = 512;

/**
 * Attention of few queries over many keys: a workgroup has up to four queries of one key head and a part of its keys, first
 * a lane a key for the scores, then a lane a quad of columns for the sum of values. The parts are then combined.
 * Dao et al. 2023, https://crfm.stanford.edu/2023/10/12/flashdecoding.html
 */
export function decodeAttention(
  context: Context,
  out: Dense,
  logSum: Dense,
  [q, k, v]: readonly [View, View, View],
  heads: Heads,
): void {
  const { B, S, K, D, rows, pairs } = heads;
  const block = rows > 2 ? 4 : Math.max(1, rows);
  const passes = Math.ceil(S / LANES / MOST_PARTS);
  const part = Math.min(LONGEST_PART, LANES * Math.max(1, passes));
  const parts = Math.max(1, Math.ceil(S / part));
  const program = context.program(`attention${keyOf(heads)} decode ${block} rows`, () =>
    decodeProgram(heads, block),
  );
  const groups = B * K * Math.ceil(rows / block) * parts;
  const numbers = [...heads.numbers, parts, part];
  combine(context, out, logSum, heads, parts, (sums, stats) =>
    context.run(program, [q, k, v], [sums, stats], numbers, groups, {
      flops: 4 * pairs * D,
      bytes: 8 * B * K * S * D * Math.ceil(rows / block),
    }),
  );
}

function decodeProgram({ wide, element }: Heads, block: number) {
  const rows = (text: (r: number) => string, between?: string) => each(block, text, between);
  // A number a query.
  const type = block === 1 ? "f32" : `vec${block}<f32>`;
  const of = (name: string, r: number) => (block === 1 ? name : `${name}[${r}]`);
  return {
    reads: { q: element, k: element, v: element },
    writes: { sums: "vec4<f32>", stats: "vec2<f32>" },
    params: { ...headParams, parts: "u32", part: "u32" } as const,
    lanes: LANES,
    code: /* wgsl */ `${headCode}${["q", "k", "v"].map((x) => readQuad(x, wide)).join("")}
var<workgroup> weightOf: array<${type}, ${LONGEST_PART}>;
var<workgroup> tree: array<${type}, LANES>;
var<workgroup> shareOf: array<vec4<f32>, LANES>;
${["Max", "Sum"]
  .map(
    (name) => `fn all${name}(v: ${type}, lane: u32) -> ${type} {
  workgroupBarrier(); // the last result has been read
  tree[lane] = v;
  workgroupBarrier();
  for (var step = LANES / 2u; step > 0u; step /= 2u) {
    if (lane < step) { tree[lane] = ${name === "Max" ? "max(tree[lane], tree[lane + step])" : "tree[lane] + tree[lane + step]"}; }
    workgroupBarrier();
  }
  return tree[0];
}`,
  )
  .join("\n")}
fn kernel(group: u32, lane: u32) { // (B, K, blocks, parts)
  let blocks = (p.rows + ${block - 1}u) / ${block}u;
  let part = group % p.parts;
  let row = group / p.parts % blocks * ${block}u;
  let keyHead = group / p.parts / blocks % p.keyHeads;
  let b = group / p.parts / blocks / p.keyHeads;
${rows(
  (r) => `  let row${r} = min(row + ${r}u, p.rows - 1u);
  let qAt${r} = qAt(b, keyHead, row${r});
  let seen${r} = seenBy(row${r});
  let hidden${r} = hiddenFrom(row${r});
  let place${r} = queryAt(b, keyHead, row${r}) * p.parts + part;`,
)}
  let begin = max(part * p.part, hidden0);
  let end = min(part * p.part + p.part, seen${block - 1});
  var peak = ${type}(LOWEST);
  for (var key = begin + lane; key < end; key += LANES) {
    let at = kAt(b, keyHead, key);
${rows((r) => `    var s${r} = 0.0;`)}
    for (var i = 0u; i < p.quads; i++) {
      let quad = kQuad(at, i);
${rows((r) => `      s${r} += dot(qQuad(qAt${r}, i), quad);`)}
    }
    let s = p.scale * ${type}(${rows((r) => `s${r}`, ", ")});
    weightOf[key - begin] = s;
${rows((r) => `    if (key - hidden${r} < seen${r} - hidden${r}) { ${of("peak", r)} = max(${of("peak", r)}, ${of("s", r)}); }`)}
  }
  peak = allMax(peak, lane);
  var total = ${type}();
  for (var key = begin + lane; key < end; key += LANES) {
    let s = weightOf[key - begin] - peak;
    var w = ${type}();
${rows((r) => `    if (key - hidden${r} < seen${r} - hidden${r}) { ${of("w", r)} = weight(${of("s", r)}); }`)}
    weightOf[key - begin] = w;
    total += w;
  }
  total = allSum(total, lane);
  let columns = min(LANES, p.quads); // quads of values at a time
  let shares = LANES / columns; // that the keys are dealt out to meanwhile
  for (var first = 0u; first < p.quads; first += columns) {
    let i = first + lane % columns;
    let share = lane / columns;
${rows((r) => `    var sum${r} = vec4<f32>();`)}
    if (share < shares && i < p.quads) {
      for (var key = begin + share; key < end; key += shares) {
        let quad = vQuad(vAt(b, keyHead, key), i);
        let w = weightOf[key - begin];
${rows((r) => `        sum${r} += ${of("w", r)} * quad;`)}
      }
    }
${rows(
  (r) => `    workgroupBarrier(); // the last sums have been read
    shareOf[lane] = sum${r};
    workgroupBarrier();
    if (lane < columns && i < p.quads && row + ${r}u < p.rows) {
      for (var other = 1u; other < shares; other++) { sum${r} += shareOf[other * columns + lane]; }
      sums[place${r} * p.quads + i] = sum${r};
    }`,
)}
  }
${rows((r) => `  if (lane == 0u && row + ${r}u < p.rows) { stats[place${r}] = vec2<f32>(${of("peak", r)}, ${of("total", r)}); }`)}
}`,
  };
}
