import type { Dense } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { exp, special } from "../wgsl/math.ts";
import { teamFor } from "../wgsl/team.ts";

/** Quads that a lane goes through at a time: first for their maximum, then, while they are near, for their sum. */
const BLOCK = 32;

export interface LossRows {
  readonly losses: Dense;
  /** (rows, width): V logits a row, and what fills it up. */
  readonly logits: Dense;
  readonly targets: Dense;
  /** The first row of `losses` and `targets`. */
  readonly first: number;
  readonly rows: number;
  readonly V: number;
  /** A multiple of 4. */
  readonly width: number;
  readonly scale: number;
  /** Leaves scale · (softmax − onehot(target)) in place of the logits, 0 where target < 0. */
  readonly gradient: boolean;
}

/**
 * scale · (log Σ exp(logits) − logit[target]) for each row: 0 where target < 0, NaN where target ≥ V. Maximum and sum are
 * found in one pass, by blocks whose sums are scaled to the maximum so far. Milakov & Gimelshein 2018,
 * https://arxiv.org/abs/1805.02867
 */
export function lossRows(context: Context, given: LossRows): void {
  const { losses, logits, targets, first, rows, V, width, scale, gradient } = given;
  const team = teamFor(context, width / 4);
  const program = context.program(`loss rows ${team.key}${gradient ? " + gradient" : ""}`, () => ({
    reads: { targets: "i32" },
    writes: { losses: "f32", logits: "vec4<f32>" },
    params: { rows: "u32", V: "u32", quads: "u32", first: "u32", scale: "f32" },
    lanes: team.lanes,
    subgroups: team.subgroups,
    code: /* wgsl */ `${special}${exp}${team.code}
const BLOCK = ${BLOCK}u;
const LOWEST = -3.4028234e38; // −∞ less −∞ is no number
fn exp4(v: vec4<f32>) -> vec4<f32> { return vec4<f32>(expOf(v.x), expOf(v.y), expOf(v.z), expOf(v.w)); }
/** Logits of a row; −∞ beyond V. */
fn quad(start: u32, i: u32) -> vec4<f32> {
  let inside = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(p.V);
  return select(vec4<f32>(-infinity()), logits[start + i], inside);
}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM;
  let live = row < p.rows;
  let start = row * p.quads;
  let end = select(0u, p.quads, live);
  var wanted = -1;
  if (live) { wanted = targets[p.first + row]; }
  var top = -infinity();
  var sum = 0.0;
  for (var block = lane % TEAM; block < end; block += TEAM * BLOCK) {
    let blockEnd = min(block + TEAM * BLOCK, end);
    var blockTop = top;
    for (var i = block; i < blockEnd; i += TEAM) {
      let v = quad(start, i);
      blockTop = maxOrNan(blockTop, maxOrNan(maxOrNan(v.x, v.y), maxOrNan(v.z, v.w)));
    }
    let shift = maxOrNan(blockTop, LOWEST);
    var sums = vec4<f32>();
    for (var i = block; i < blockEnd; i += TEAM) { sums += exp4(quad(start, i) - shift); }
    sum = sum * expOf(maxOrNan(top, LOWEST) - shift) + sums.x + sums.y + sums.z + sums.w;
    top = blockTop;
  }
  let rowTop = teamMax(top, lane);
  let rowSum = teamSum(sum * expOf(maxOrNan(top, LOWEST) - maxOrNan(rowTop, LOWEST)), lane);
  let logSum = rowTop + select(log(rowSum), rowSum, isNan(rowSum));
  if (live && lane % TEAM == 0u) {
    var loss = 0.0;
    if (wanted >= i32(p.V)) { loss = nan(); }
    else if (wanted >= 0) { loss = p.scale * (logSum - logits[start + u32(wanted) / 4u][u32(wanted) % 4u]); }
    losses[p.first + row] = loss;
  }
${gradient ? gradientCode(team.size === 1) : ""}}`,
  }));
  const groups = Math.ceil(rows / team.rows);
  context.run(program, [targets], [losses, logits], [rows, V, width / 4, first, scale], groups, {
    bytes: 4 * rows * V * (gradient ? 3 : 1),
    flops: rows * V * (gradient ? 4 : 2),
  });
}

/** Lanes of a team overwrite what the first has read. */
const gradientCode = (
  alone: boolean,
): string => /* wgsl */ `${alone ? "" : "  storageBarrier();\n"}  for (var i = lane % TEAM; i < end; i += TEAM) {
    let at = vec4<i32>(i32(4u * i)) + vec4<i32>(0, 1, 2, 3);
    let hit = select(vec4<f32>(), vec4<f32>(1.0), at == vec4<i32>(wanted));
    let slope = p.scale * (exp4(quad(start, i) - logSum) - hit);
    logits[start + i] = select(slope, vec4<f32>(), wanted < 0);
  }
`;
