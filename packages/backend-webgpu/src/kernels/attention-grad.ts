import type { Dense, FusedKernels, View } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { readQuad } from "../wgsl/quads.ts";
import { teamFor } from "../wgsl/team.ts";
import { directGrad } from "./attention-grad-direct.ts";
import { tiledGrad } from "./attention-grad-tiled.ts";
import { type Heads, headCode, headParams, headsOf, keyOf } from "./attention-heads.ts";
import { WIDEST } from "./attention-tiles.ts";

/** What both passes read: q, k, v, g, and for each query (B, H, T) its log Σ exp and its Σ g∘out. */
export interface GradOperands {
  readonly q: View;
  readonly k: View;
  readonly v: View;
  readonly g: Dense;
  readonly logSum: Dense;
  readonly inner: Dense;
}

/**
 * With P = exp(s − logSum) and ds = P ∘ (g·vᵀ − Σ g∘out): dv = Pᵀg, dq = scale · ds·k, dk = scale · dsᵀ·q. Nobody's share is
 * added to another's in memory: dq is a pass by queries, dk and dv one by keys, so that all sums have their order.
 */
export const attentionGrad = (context: Context): Pick<FusedKernels, "attentionGrad"> => ({
  attentionGrad(dq, dk, dv, q, k, v, out, logSum, g, dims) {
    const heads = headsOf([q, k, v, dq, dk, dv], dims);
    const { B, T, H, D } = heads;
    context.scratch(B * H * T, (inner) => {
      innerProducts(context, inner, g, out, heads);
      const grad = context.serial || D === 0 || D > WIDEST ? directGrad : tiledGrad;
      grad(context, { dq, dk, dv }, { q, k, v, g, logSum, inner }, heads);
    });
  },
});

/** inner (B, H, T) = Σ g∘out over a head's columns. */
function innerProducts(context: Context, inner: Dense, g: Dense, out: Dense, heads: Heads): void {
  const { B, T, H, D, wide, element } = heads;
  const rows = B * T * H;
  const team = teamFor(context, D / 4);
  const program = context.program(
    `attentionGrad${keyOf(heads)} inner products ${team.key}`,
    () => ({
      reads: { g: element, out: element },
      writes: { inner: "f32" },
      params: { ...headParams, count: "u32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${headCode}${team.code}${readQuad("g", wide)}${readQuad("out", wide)}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM; // (B, T, H)
  var total = 0.0;
  if (row < p.count) {
    for (var i = lane % TEAM; i < p.quads; i += TEAM) {
      total += dot(gQuad(row * p.width, i), outQuad(row * p.width, i));
    }
  }
  total = teamSum(total, lane);
  let token = row / p.heads; // (B, T)
  let head = token / p.queries * p.heads + row % p.heads; // (B, H)
  if (row < p.count && lane % TEAM == 0u) { inner[head * p.queries + token % p.queries] = total; }
}`,
    }),
  );
  const work = { flops: 2 * rows * D };
  context.run(
    program,
    [g, out],
    [inner],
    [...heads.numbers, rows],
    Math.ceil(rows / team.rows),
    work,
  );
}
