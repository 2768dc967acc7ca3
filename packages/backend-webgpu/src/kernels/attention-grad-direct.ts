import type { View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import type { Program } from "../program.ts";
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

const LANES = 16;
/** Keys at a time for a lane's queries, and queries for its keys. */
const STEP = 4;

/**
 * The gradient of attention without barriers, for any D: a lane has a few queries (then a few keys) and goes through keys
 * (queries), {@link STEP} at a time, straight from memory, where its sums are held.
 */
export function directGrad(
  context: Context,
  { dq, dk, dv }: { readonly dq: View; readonly dk: View; readonly dv: View },
  { q, k, v, g, logSum, inner }: GradOperands,
  heads: Heads,
): void {
  const { B, S, K, D, rows, wide, pairs, queryBytes, keyBytes } = heads;
  const reads = [q, k, v, g, logSum, inner];
  const pass = (
    name: string,
    code: (heads: Heads, block: number, shared: boolean) => Omit<Program, "name">,
    n: number,
    writes: readonly View[],
    products: number,
    bytes: number,
  ) => {
    const block = n > 2 ? 4 : Math.max(1, n);
    // Gradients may lie side by side in one buffer, which a dispatch may bind once.
    const shared = writes.length === 2 && writes[0]!.buffer === writes[1]!.buffer;
    const program = context.program(
      `attentionGrad${keyOf(heads)} direct ${block} ${name}${shared ? " packed" : ""}`,
      () => code(heads, block, shared),
    );
    const count = B * K * Math.ceil(n / block);
    const places = writes.flatMap((x) => placeOf(x, wide));
    const numbers = [...heads.numbers, ...places, count];
    const work = { flops: 2 * products * pairs * D, bytes };
    const bound = shared ? [writes[0]!] : writes;
    context.run(program, reads, bound, numbers, Math.ceil(count / LANES), work);
  };
  pass("queries", queryPass, rows, [dq], 3, 3 * queryBytes + 2 * keyBytes);
  pass("keys", keyPass, S, [dk, dv], 4, 2 * queryBytes + 4 * keyBytes);
}

const operands = ({ element }: Heads) => ({
  q: element,
  k: element,
  v: element,
  g: element,
  logSum: "f32",
  inner: "f32",
});

const readers = ({ wide }: Heads): string =>
  ["q", "k", "v", "g"].map((x) => readQuad(x, wide)).join("");

/** Finds a lane's block of `block` rows out of p.`rows`, in order (B, K, blocks). */
const locate = (rows: string, block: number): string => /* wgsl */ `
  let i = group * LANES + lane;
  if (i >= p.count) { return; }
  let blocks = (p.${rows} + ${block - 1}u) / ${block}u;
  let b = i / blocks / p.keyHeads;
  let keyHead = i / blocks % p.keyHeads;
  let start = i % blocks * ${block}u;`;

/** dq. Names end in the number of the query, then of the key. */
function queryPass(heads: Heads, block: number) {
  const { wide, element } = heads;
  const rows = (text: (r: number) => string) => each(block, text);
  const keys = (text: (c: number) => string, between?: string) => each(STEP, text, between);
  return {
    reads: operands(heads),
    writes: { dq: element },
    params: { ...headParams, ...placeParams("dq"), count: "u32" } as const,
    lanes: LANES,
    // The last rows of an incomplete block are one and the same: they compute and write the same.
    code: /* wgsl */ `${headCode}${readers(heads)}${readQuad("dq", wide)}${writeQuad("dq", wide)}${queryPlace("dq")}
fn kernel(group: u32, lane: u32) {${locate("rows", block)}
${rows(
  (r) => `  let row${r} = min(start + ${r}u, p.rows - 1u);
  let qAt${r} = qAt(b, keyHead, row${r});
  let gAt${r} = outAt(b, keyHead, row${r});
  let dqAt${r} = dqAt(b, keyHead, row${r});
  let seen${r} = seenBy(row${r});
  let hidden${r} = hiddenFrom(row${r});
  let logSum${r} = logSum[queryAt(b, keyHead, row${r})];
  let inner${r} = inner[queryAt(b, keyHead, row${r})];`,
)}
  let end = seen${block - 1};
  for (var key = hidden0; key < end; key += ${STEP}u) {
${keys(
  (c) => `    let kAt${c} = kAt(b, keyHead, min(key + ${c}u, end - 1u));
    let vAt${c} = vAt(b, keyHead, min(key + ${c}u, end - 1u));`,
)}
${rows((r) => `    ${keys((c) => `var s${r}_${c} = 0.0; var dp${r}_${c} = 0.0;`, " ")}`)}
    for (var i = 0u; i < p.quads; i++) {
${rows((r) => `      let q${r} = qQuad(qAt${r}, i); let g${r} = gQuad(gAt${r}, i);`)}
${keys(
  (c) => `      let k${c} = kQuad(kAt${c}, i); let v${c} = vQuad(vAt${c}, i);
${rows((r) => `      s${r}_${c} += dot(q${r}, k${c}); dp${r}_${c} += dot(g${r}, v${c});`)}`,
)}
    }
${rows((r) =>
  keys(
    (c) => `    let w${r}_${c} = weight(p.scale * s${r}_${c} - logSum${r});
    let ds${r}_${c} = select(0.0, p.scale * w${r}_${c} * (dp${r}_${c} - inner${r}), key + ${c}u - hidden${r} < seen${r} - hidden${r});`,
  ),
)}
    for (var i = 0u; i < p.quads; i++) {
${keys((c) => `      let k${c} = kQuad(kAt${c}, i);`)}
${rows((r) => `      var sum${r} = ${keys((c) => `ds${r}_${c} * k${c}`, " + ")};`)}
      if (key > hidden0) {
${rows((r) => `        sum${r} += dqQuad(dqAt${r}, i);`)}
      }
${rows((r) => `      dqPut(dqAt${r}, i, sum${r});`)}
    }
  }
  if (end == 0u) {
    for (var i = 0u; i < p.quads; i++) {
${rows((r) => `      dqPut(dqAt${r}, i, vec4<f32>());`)}
    }
  }
}`,
  };
}

/** dk and dv. Names end in the number of the key, then of the query. */
function keyPass(heads: Heads, block: number, shared: boolean) {
  const { wide, element } = heads;
  const dv = shared ? "dk" : "dv";
  const keys = (text: (r: number) => string) => each(block, text);
  const rows = (text: (c: number) => string, between?: string) => each(STEP, text, between);
  return {
    reads: operands(heads),
    writes: shared ? { dk: element } : { dk: element, dv: element },
    params: { ...headParams, ...placeParams("dk"), ...placeParams("dv"), count: "u32" } as const,
    lanes: LANES,
    code: /* wgsl */ `${headCode}${readers(heads)}${keyPlace("dk")}${keyPlace("dv")}
${(shared ? ["dk"] : ["dk", "dv"]).map((x) => readQuad(x, wide) + writeQuad(x, wide)).join("")}
fn kernel(group: u32, lane: u32) {${locate("keys", block)}
${keys(
  (r) => `  let key${r} = min(start + ${r}u, p.keys - 1u);
  let kAt${r} = kAt(b, keyHead, key${r});
  let vAt${r} = vAt(b, keyHead, key${r});
  let dkAt${r} = dkAt(b, keyHead, key${r});
  let dvAt${r} = dvAt(b, keyHead, key${r});`,
)}
  let begin = (max(key0 + 1u, p.first) - p.first) * p.group; // earlier queries see none of the keys
  let finish = min(p.rows, (max(key${block - 1} + p.window + 1u, p.first) - p.first) * p.group); // and later ones
  for (var row = begin; row < finish; row += ${STEP}u) {
${rows(
  (c) => `    let row${c} = min(row + ${c}u, p.rows - 1u);
    let qAt${c} = qAt(b, keyHead, row${c});
    let gAt${c} = outAt(b, keyHead, row${c});
    let hidden${c} = hiddenFrom(row${c});
    let seen${c} = select(0u, seenBy(row${c}) - hidden${c}, row + ${c}u < p.rows);
    let logSum${c} = logSum[queryAt(b, keyHead, row${c})];
    let inner${c} = inner[queryAt(b, keyHead, row${c})];`,
)}
${keys((r) => `    ${rows((c) => `var s${r}_${c} = 0.0; var dp${r}_${c} = 0.0;`, " ")}`)}
    for (var i = 0u; i < p.quads; i++) {
${keys((r) => `      let k${r} = kQuad(kAt${r}, i); let v${r} = vQuad(vAt${r}, i);`)}
${rows(
  (c) => `      let q${c} = qQuad(qAt${c}, i); let g${c} = gQuad(gAt${c}, i);
${keys((r) => `      s${r}_${c} += dot(k${r}, q${c}); dp${r}_${c} += dot(v${r}, g${c});`)}`,
)}
    }
${keys((r) =>
  rows(
    (
      c,
    ) => `    let w${r}_${c} = select(0.0, weight(p.scale * s${r}_${c} - logSum${c}), key${r} - hidden${c} < seen${c});
    let ds${r}_${c} = select(0.0, p.scale * w${r}_${c} * (dp${r}_${c} - inner${c}), key${r} - hidden${c} < seen${c});`,
  ),
)}
    for (var i = 0u; i < p.quads; i++) {
${rows(
  (c) => `      let q${c} = qQuad(qAt${c}, i);
      let g${c} = select(vec4<f32>(), gQuad(gAt${c}, i), row + ${c}u < p.rows); // 0 · ∞ is NaN`,
)}
${keys(
  (r) => `      var dk${r} = ${rows((c) => `ds${r}_${c} * q${c}`, " + ")};
      var dv${r} = ${rows((c) => `w${r}_${c} * g${c}`, " + ")};`,
)}
      if (row > begin) {
${keys((r) => `        dk${r} += dkQuad(dkAt${r}, i); dv${r} += ${dv}Quad(dvAt${r}, i);`)}
      }
${keys((r) => `      dkPut(dkAt${r}, i, dk${r}); ${dv}Put(dvAt${r}, i, dv${r});`)}
    }
  }
  if (begin >= finish) {
    for (var i = 0u; i < p.quads; i++) {
${keys((r) => `      dkPut(dkAt${r}, i, vec4<f32>()); ${dv}Put(dvAt${r}, i, vec4<f32>());`)}
    }
  }
}`,
  };
}
