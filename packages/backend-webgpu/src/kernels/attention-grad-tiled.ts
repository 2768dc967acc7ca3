import type { View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { readQuad, writeQuad } from "../wgsl/quads.ts";
import type { GradOperands } from "./attention-grad.ts";
import {
  each,
  type Heads,
  headCode,
  headParams,
  keyOf,
  keyPlace,
  placeOf,
  placeParams,
  queryPlace,
} from "./attention-heads.ts";
import { blockOf } from "./attention-tiled.ts";
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

/** D up to which the sums for dk and dv fit the registers of a lane together. */
const BOTH = 64;

/**
 * The gradient of attention through tiles in workgroup memory: a workgroup has a block of queries and goes through keys for
 * dq, and a block of keys and goes through queries for dk and dv. Dao et al. 2022, https://arxiv.org/abs/2205.14135, §B.2
 */
export function tiledGrad(
  context: Context,
  { dq, dk, dv }: { readonly dq: View; readonly dk: View; readonly dv: View },
  { q, k, v, g, logSum, inner }: GradOperands,
  heads: Heads,
): void {
  const { B, K, S, D, rows, wide, pairs, queryBytes, keyBytes } = heads;
  const reads = [q, k, v, g, logSum, inner];
  const tile = (block: number) => `${block}×${COLUMNS} D ≤ ${widthOf(D)}`;
  const block = blockOf(rows);
  context.run(
    context.program(`attentionGrad${keyOf(heads)} tiled dq ${tile(block)}`, () =>
      queryPass(heads, block),
    ),
    reads,
    [dq],
    [...heads.numbers, ...placeOf(dq, wide)],
    B * K * Math.ceil(rows / block),
    { flops: 6 * pairs * D, bytes: 3 * queryBytes + 2 * keyBytes },
  );
  const keyBlock = blockOf(S);
  const run = (names: readonly ("dk" | "dv")[], writes: readonly View[], products: number) => {
    // Gradients may lie side by side in one buffer, which a dispatch may bind once.
    const shared = writes.length === 2 && dk.buffer === dv.buffer;
    const what = `${names.join(" ")}${shared ? " packed" : ""}`;
    context.run(
      context.program(`attentionGrad${keyOf(heads)} tiled ${what} ${tile(keyBlock)}`, () =>
        keyPass(heads, keyBlock, names, shared),
      ),
      reads,
      shared ? [dk] : writes,
      [...heads.numbers, ...writes.flatMap((x) => placeOf(x, wide))],
      B * K * Math.ceil(S / keyBlock),
      {
        flops: 2 * products * pairs * D,
        bytes: 2 * queryBytes + (2 + writes.length) * keyBytes,
      },
    );
  };
  if (D <= BOTH) run(["dk", "dv"], [dk, dv], 4);
  else {
    run(["dk"], [dk], 3);
    run(["dv"], [dv], 2);
  }
}

const operands = ({ element }: Heads) => ({
  q: element,
  k: element,
  v: element,
  g: element,
  logSum: "f32",
  inner: "f32",
});

const begin = ({ wide }: Heads, block: number): string =>
  `${headCode}${tileCode(block)}${["q", "k", "v", "g"].map((x) => readQuad(x, wide) + loader(x)).join("")}`;

/** Finds a workgroup's block of p.`rows`, in order (B, K, blocks). */
const locate = (rows: string): string => /* wgsl */ `
  let y = lane / 8u;
  let x = lane % 8u;
  let blocks = (p.${rows} + BLOCK - 1u) / BLOCK;
  let b = group / blocks / p.keyHeads;
  let keyHead = group / blocks % p.keyHeads;`;

/** dq: rows are queries, columns keys. */
function queryPass(heads: Heads, block: number) {
  const { D, wide, element } = heads;
  const four = (text: (i: number) => string, between?: string) => each(4, text, between);
  const ofRows = (type: string, text: (r: number) => string) => `${type}(${four(text, ", ")})`;
  return {
    reads: operands(heads),
    writes: { dq: element },
    params: { ...headParams, ...placeParams("dq") },
    lanes: 2 * block,
    code: /* wgsl */ `${begin(heads, block)}${queryPlace("dq")}${writeQuad("dq", wide)}
fn kernel(group: u32, lane: u32) {${locate("rows")}
  let start = (blocks - 1u - group % blocks) * BLOCK; // those with most keys first
${four(
  (r) => `  let row${r} = start + y * 4u + ${r}u;
  let query${r} = queryAt(b, keyHead, min(row${r}, p.rows - 1u));`,
)}
  let hidden = ${ofRows("vec4<u32>", (r) => `hiddenFrom(row${r})`)};
  let seen = ${ofRows("vec4<u32>", (r) => `seenBy(row${r})`)} - hidden;
  let logSums = ${ofRows("vec4<f32>", (r) => `logSum[query${r}]`)};
  let inners = ${ofRows("vec4<f32>", (r) => `inner[query${r}]`)};
${findRows("q", block, "start", "p.rows", "qAt(b, keyHead, at)")}
${findRows("g", block, "start", "p.rows", "outAt(b, keyHead, at)")}
${sums("dq", D)}
  let end = seenBy(min(start + BLOCK, p.rows) - 1u);
  for (var key = hiddenFrom(start); key < end; key += ${COLUMNS}u) {
${findColumns("k", block, "key", "p.keys", "kAt(b, keyHead, at)")}
${findColumns("v", block, "key", "p.keys", "vAt(b, keyHead, at)")}
${four((c) => `  var s${c} = vec4<f32>(); var dp${c} = vec4<f32>();`)}
${product("s", "q", "k", block, D)}
${product("dp", "g", "v", block, D)}
${four(
  (
    c,
  ) => `    let ds${c} = select(vec4<f32>(), p.scale * weights(p.scale * s${c} - logSums) * (dp${c} - inners),
      vec4<u32>(key + x + ${8 * c}u) - hidden < seen);`,
)}
    workgroupBarrier();
${putWeights("ds")}
${accumulate("dq", "k", block, D)}
  }
${eachSum("dq", D, (r, quad, sum) => `if (row${r} < p.rows) { dqPut(dqAt(b, keyHead, row${r}), ${quad}, ${sum}); }`)}
}`,
  };
}

/** dk and dv, or one of them: rows are keys, columns queries. */
function keyPass(heads: Heads, block: number, names: readonly string[], shared: boolean) {
  const { D, wide, element } = heads;
  const four = (text: (i: number) => string, between?: string) => each(4, text, between);
  const buffers = shared ? ["dk"] : names;
  const putter = (name: string) => `${shared ? "dk" : name}Put`;
  const keys = names.includes("dk");
  const values = names.includes("dv");
  return {
    reads: operands(heads),
    writes: Object.fromEntries(buffers.map((name) => [name, element])),
    params: { ...headParams, ...Object.assign({}, ...names.map(placeParams)) },
    lanes: 2 * block,
    code: /* wgsl */ `${begin(heads, block)}${names.map(keyPlace).join("")}${buffers.map((name) => writeQuad(name, wide)).join("")}
fn kernel(group: u32, lane: u32) {${locate("keys")}
  let start = group % blocks * BLOCK; // those that most queries see first
  let key = vec4<u32>(start + y * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${findRows("k", block, "start", "p.keys", "kAt(b, keyHead, at)")}
${findRows("v", block, "start", "p.keys", "vAt(b, keyHead, at)")}
${names.map((name) => sums(name, D)).join("\n")}
  let begin = (max(start + 1u, p.first) - p.first) * p.group; // earlier queries see none of the keys
  let last = min(start + BLOCK, p.keys) - 1u;
  let finish = min(p.rows, (max(last + p.window + 1u, p.first) - p.first) * p.group); // and later ones
  for (var row = begin; row < finish; row += ${COLUMNS}u) {
${findColumns("q", block, "row", "p.rows", "qAt(b, keyHead, at)")}
${findColumns("g", block, "row", "p.rows", "outAt(b, keyHead, at)")}
${four((c) => `  var s${c} = vec4<f32>(); var dp${c} = vec4<f32>();`)}
${product("s", "k", "q", block, D)}
${keys ? product("dp", "v", "g", block, D) : ""}
${four(
  (c) => `    let row${c} = row + x + ${8 * c}u;
    let query${c} = queryAt(b, keyHead, min(row${c}, p.rows - 1u));
    let hidden${c} = hiddenFrom(row${c});
    let sees${c} = key - hidden${c} < vec4<u32>(select(0u, seenBy(row${c}) - hidden${c}, row${c} < p.rows));
    let w${c} = select(vec4<f32>(), weights(p.scale * s${c} - logSum[query${c}]), sees${c});
    let ds${c} = select(vec4<f32>(), p.scale * w${c} * (dp${c} - inner[query${c}]), sees${c});`,
)}
    workgroupBarrier();
${values ? putWeights("w") + accumulate("dv", "g", block, D) : ""}
${keys && values ? "    workgroupBarrier();" : ""}
${keys ? putWeights("ds") + accumulate("dk", "q", block, D) : ""}
  }
${names.map((name) => eachSum(name, D, (r, quad, sum) => `if (key[${r}] < p.keys) { ${putter(name)}(${name}At(b, keyHead, key[${r}]), ${quad}, ${sum}); }`)).join("\n")}
}`,
  };
}
