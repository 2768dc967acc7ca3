import type { FusedKernels } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { exp, special } from "../wgsl/math.ts";
import { teamFor } from "../wgsl/team.ts";

const LANES = 64;

/** Cross-entropy of logits that exist, and its gradient. No probabilities are kept: the gradient makes them of logSum. */
export const crossEntropy = (
  context: Context,
): Pick<FusedKernels, "crossEntropy" | "crossEntropyGrad"> => ({
  crossEntropy(losses, logSum, logits, targets) {
    const [rows, V] = rowsOf(logits);
    const team = teamFor(context, V);
    const program = context.program(`crossEntropy ${team.key}`, () => ({
      reads: { logits: "f32", targets: "i32" },
      writes: { losses: "f32", logSum: "f32" },
      params: { rows: "u32", V: "u32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${special}${exp}${team.code}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM;
  let start = row * p.V;
  let end = select(start, start + p.V, row < p.rows);
  let first = start + lane % TEAM;
  var top = -infinity();
  for (var i = first; i < end; i += TEAM) { top = maxOrNan(top, logits[i]); }
  top = teamMax(top, lane);
  var sum = 0.0;
  for (var i = first; i < end; i += TEAM) { sum += expOf(logits[i] - top); }
  sum = teamSum(sum, lane);
  if (row >= p.rows || lane % TEAM != 0u) { return; }
  let log = top + select(log(sum), sum, isNan(sum));
  logSum[row] = log;
  let wanted = targets[row];
  var loss = 0.0;
  if (wanted >= i32(p.V)) { loss = nan(); }
  else if (wanted >= 0) { loss = log - logits[start + u32(wanted)]; }
  losses[row] = loss;
}`,
    }));
    const work = { bytes: 8 * rows * V, flops: 4 * rows * V };
    const groups = Math.ceil(rows / team.rows);
    context.run(program, [logits, targets], [losses, logSum], [rows, V], groups, work);
  },

  crossEntropyGrad(dlogits, logits, targets, logSum, g) {
    const [rows, V] = rowsOf(logits);
    const program = context.program("crossEntropyGrad", () => ({
      reads: { logits: "f32", targets: "i32", logSum: "f32", g: "f32" },
      writes: { dlogits: "f32" },
      params: { count: "u32", V: "u32" },
      lanes: LANES,
      code: /* wgsl */ `${special}${exp}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.count) { return; }
  let row = i / p.V;
  let wanted = targets[row];
  let probability = expOf(logits[i] - logSum[row]);
  let slope = g[row] * (probability - select(0.0, 1.0, i32(i % p.V) == wanted));
  dlogits[i] = select(slope, 0.0, wanted < 0);
}`,
    }));
    const count = rows * V;
    const groups = Math.ceil(count / LANES);
    context.run(program, [logits, targets, logSum, g], [dlogits], [count, V], groups, {
      flops: 4 * count,
    });
  },
});
