import type { Dense, View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { readQuad, writeQuad } from "../wgsl/quads.ts";
import { combine } from "./attention-combine.ts";
import { each, finish, type Heads, headCode, headParams, keyOf } from "./attention-heads.ts";

const LANES = 16;
/** Keys at a time. */
const KEYS = 8;
/** Lanes that keep a processor of a few cores busy. */
const ENOUGH = 64;
const LEAST_PART = 64;

/**
 * Attention without barriers, for any D: a lane has a few queries and goes through keys, {@link KEYS} at a time, straight
 * from memory. Sums of values are held in memory too, so nothing grows with D but time. Few lanes: keys are split among them.
 */
export function directAttention(
  context: Context,
  out: Dense,
  logSum: Dense,
  [q, k, v]: readonly [View, View, View],
  heads: Heads,
): void {
  const { B, S, K, rows } = heads;
  const block = rows > 2 ? 4 : Math.max(1, rows);
  const blocks = B * K * Math.ceil(rows / block);
  const most = heads.D === 0 ? 1 : Math.floor(S / LEAST_PART); // no columns: nothing to combine
  const parts = Math.max(1, Math.min(Math.ceil(ENOUGH / blocks), most));
  const part = Math.ceil(S / parts / KEYS) * KEYS;
  const split = parts > 1;
  const program = context.program(
    `attention${keyOf(heads)} direct ${block} rows${split ? " split" : ""}`,
    () => directProgram(heads, block, split),
  );
  const bytes = 2 * (heads.queryBytes + heads.keyBytes);
  const work = { flops: 4 * heads.pairs * heads.D, bytes };
  const numbers = [...heads.numbers, blocks * parts, parts, part];
  const groups = Math.ceil((blocks * parts) / LANES);
  if (!split) {
    context.run(program, [q, k, v], [out, logSum], numbers, groups, work);
    return;
  }
  combine(context, out, logSum, heads, parts, (sums, stats) =>
    context.run(program, [q, k, v], [sums, stats], numbers, groups, work),
  );
}

/** A lane's rows are names with a number: s1_3 is the score of its query 1 and key 3. */
function directProgram(heads: Heads, block: number, split: boolean) {
  const { wide, element } = heads;
  // The last rows of an incomplete block are the same query: they compute and write the same.
  const rows = (text: (r: number) => string) => each(block, text);
  const keys = (text: (c: number) => string, between?: string) => each(KEYS, text, between);
  return {
    reads: { q: element, k: element, v: element },
    writes: split ? { sums: "vec4<f32>", stats: "vec2<f32>" } : { sums: element, logSum: "f32" },
    params: { ...headParams, count: "u32", parts: "u32", part: "u32" } as const,
    lanes: LANES,
    code: /* wgsl */ `${headCode}${finish}
${["q", "k", "v"].map((x) => readQuad(x, wide)).join("")}
${readQuad("sums", wide || split)}${writeQuad("sums", wide || split)}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane; // (B, K, blocks, parts)
  if (i >= p.count) { return; }
  let blocks = (p.rows + ${block - 1}u) / ${block}u;
  let part = i % p.parts;
  let row = i / p.parts % blocks * ${block}u;
  let keyHead = i / p.parts / blocks % p.keyHeads;
  let b = i / p.parts / blocks / p.keyHeads;
  let begin = max(part * p.part, hiddenFrom(row));
${rows(
  (r) => `  let row${r} = min(row + ${r}u, p.rows - 1u);
  let qAt${r} = qAt(b, keyHead, row${r});
  let seen${r} = seenBy(row${r});
  let hidden${r} = hiddenFrom(row${r});
  let sumsAt${r} = ${split ? `(queryAt(b, keyHead, row${r}) * p.parts + part) * p.quads` : `outAt(b, keyHead, row${r})`};
  var peak${r} = LOWEST;
  var total${r} = 0.0;`,
)}
  let end = min(part * p.part + p.part, seen${block - 1});
${rows(
  (r) => `  let until${r} = min(end, seen${r});
  let count${r} = until${r} - min(until${r}, hidden${r});`,
)}
  for (var key = begin; key < end; key += ${KEYS}u) {
${keys(
  (c) => `    let key${c} = min(key + ${c}u, end - 1u);
    let kAt${c} = kAt(b, keyHead, key${c});
    let vAt${c} = vAt(b, keyHead, key${c});`,
)}
${rows((r) => `    ${keys((c) => `var s${r}_${c} = 0.0;`, " ")}`)}
    for (var i = 0u; i < p.quads; i++) {
${rows((r) => `      let q${r} = qQuad(qAt${r}, i);`)}
${keys(
  (c) => `      let k${c} = kQuad(kAt${c}, i);
${rows((r) => `      s${r}_${c} += dot(q${r}, k${c});`)}`,
)}
    }
${rows(
  (r) => `    let last${r} = peak${r};
${keys(
  (c) => `    s${r}_${c} = p.scale * s${r}_${c};
    let sees${r}_${c} = key + ${c}u - hidden${r} < count${r}; // those before wrap around
    peak${r} = max(peak${r}, select(LOWEST, s${r}_${c}, sees${r}_${c}));`,
)}
    let shrink${r} = weight(last${r} - peak${r});
${keys((c) => `    let w${r}_${c} = select(0.0, weight(s${r}_${c} - peak${r}), sees${r}_${c});`)}
    total${r} = total${r} * shrink${r} + (${keys((c) => `w${r}_${c}`, " + ")});`,
)}
    for (var i = 0u; i < p.quads; i++) {
${keys((c) => `      let v${c} = select(vec4<f32>(), vQuad(vAt${c}, i), key + ${c}u < end); // 0 · ∞ is NaN`)}
${rows((r) => `      var sum${r} = ${keys((c) => `w${r}_${c} * v${c}`, " + ")};`)}
      if (key > begin) {
${rows((r) => `        sum${r} += shrink${r} * sumsQuad(sumsAt${r}, i);`)}
      }
${rows((r) => `      sumsPut(sumsAt${r}, i, sum${r});`)}
    }
  }
${rows((r) => {
  const kept = split ? "1.0" : `inverseOf(total${r})`;
  const stat = split
    ? `stats[queryAt(b, keyHead, row${r}) * p.parts + part] = vec2<f32>(peak${r}, total${r});`
    : `logSum[queryAt(b, keyHead, row${r})] = logOf(peak${r}, total${r});`;
  // Part of the rows, or all without keys, still hold what memory held.
  const last = split
    ? `if (begin >= end) { for (var i = 0u; i < p.quads; i++) { sumsPut(sumsAt${r}, i, vec4<f32>()); } }`
    : `for (var i = 0u; i < p.quads; i++) {
      var sum = vec4<f32>();
      if (begin < end) { sum = ${kept} * sumsQuad(sumsAt${r}, i); }
      sumsPut(sumsAt${r}, i, sum);
    }`;
  return `  if (row + ${r}u < p.rows) {
    ${stat}
    ${last}
  }`;
})}
}`,
  };
}
