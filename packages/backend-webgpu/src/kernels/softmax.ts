import type { FusedKernels } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { exp, special } from "../wgsl/math.ts";
import { teamFor } from "../wgsl/team.ts";

/** softmax and its gradient: a team a row, one dispatch. */
export const softmax = (context: Context): Pick<FusedKernels, "softmax" | "softmaxGrad"> => ({
  softmax(out, x) {
    const [rows, columns] = rowsOf(x);
    const team = teamFor(context, columns);
    const program = context.program(`softmax ${team.key}`, () => ({
      reads: { x: "f32" },
      writes: { out: "f32" },
      params: { rows: "u32", columns: "u32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${special}${exp}${team.code}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM;
  let start = row * p.columns;
  let end = select(start, start + p.columns, row < p.rows);
  let first = start + lane % TEAM;
  var top = -infinity();
  for (var i = first; i < end; i += TEAM) { top = maxOrNan(top, x[i]); }
  top = teamMax(top, lane);
  var sum = 0.0;
  for (var i = first; i < end; i += TEAM) {
    let y = expOf(x[i] - top);
    out[i] = y;
    sum += y;
  }
  sum = teamSum(sum, lane);
  for (var i = first; i < end; i += TEAM) { out[i] /= sum; }
}`,
    }));
    context.run(program, [x], [out], [rows, columns], Math.ceil(rows / team.rows), {
      flops: 4 * rows * columns,
    });
  },

  softmaxGrad(dx, y, g) {
    const [rows, columns] = rowsOf(y);
    const team = teamFor(context, columns);
    const program = context.program(`softmaxGrad ${team.key}`, () => ({
      reads: { y: "f32", g: "f32" },
      writes: { dx: "f32" },
      params: { rows: "u32", columns: "u32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${special}${team.code}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM;
  let start = row * p.columns;
  let end = select(start, start + p.columns, row < p.rows);
  let first = start + lane % TEAM;
  var inner = 0.0;
  for (var i = first; i < end; i += TEAM) { inner += g[i] * y[i]; }
  inner = teamSum(inner, lane);
  for (var i = first; i < end; i += TEAM) { dx[i] = y[i] * (g[i] - inner); }
}`,
    }));
    context.run(program, [y, g], [dx], [rows, columns], Math.ceil(rows / team.rows), {
      flops: 4 * rows * columns,
    });
  },
});
