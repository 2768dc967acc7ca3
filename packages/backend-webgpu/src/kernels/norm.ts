import type { Dense, FusedKernels } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { special } from "../wgsl/math.ts";
import { teamFor } from "../wgsl/team.ts";
import { reduction } from "./reduce.ts";

/** Rows whose share of dgain and dbias one lane adds up; the sums of all lanes are reduced afterwards. */
const ROWS_OF_A_LANE = 64;
const LANES = 64;

/** Layer norm and RMS norm, and their gradients: a team a row for what lies in rows, sums over rows in two passes. */
export const norms = (
  context: Context,
): Pick<FusedKernels, "layerNorm" | "layerNormGrad" | "rmsNorm" | "rmsNormGrad"> => {
  const { reduce } = reduction(context);

  /** With `mean` the rows are centred first. */
  function forward(
    out: Dense,
    mean: Dense | undefined,
    rstd: Dense,
    x: Dense,
    gain: Dense,
    bias: Dense | undefined,
    epsilon: number,
  ): void {
    const [rows, columns] = rowsOf(x);
    const team = teamFor(context, columns);
    const name = mean ? `layerNorm${bias ? " + bias" : ""}` : "rmsNorm";
    const program = context.program(`${name} ${team.key}`, () => ({
      reads: { x: "f32", gain: "f32", ...(bias ? { bias: "f32" } : {}) },
      writes: { out: "f32", rstd: "f32", ...(mean ? { mean: "f32" } : {}) },
      params: { rows: "u32", columns: "u32", epsilon: "f32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${special}${team.code}
fn kernel(group: u32, lane: u32) {
  let row = group * ROWS + lane / TEAM;
  let start = row * p.columns;
  let n = select(0u, p.columns, row < p.rows);
  let first = lane % TEAM;
  var mu = 0.0;
${
  mean
    ? `  for (var i = first; i < n; i += TEAM) { mu += x[start + i]; }
  mu = teamSum(mu, lane) / f32(p.columns);`
    : ""
}
  var squares = 0.0;
  for (var i = first; i < n; i += TEAM) {
    let d = x[start + i] - mu;
    squares += d * d;
  }
  let scale = 1.0 / sqrt(teamSum(squares, lane) / f32(p.columns) + p.epsilon);
  for (var i = first; i < n; i += TEAM) {
    out[start + i] = (x[start + i] - mu) * scale * gain[i]${bias ? " + bias[i]" : ""};
  }
  if (row < p.rows && first == 0u) {
    rstd[row] = scale;
${mean ? "    mean[row] = mu;" : ""}
  }
}`,
    }));
    context.run(
      program,
      bias ? [x, gain, bias] : [x, gain],
      mean ? [out, rstd, mean] : [out, rstd],
      [rows, columns, epsilon],
      Math.ceil(rows / team.rows),
      { flops: 8 * rows * columns },
    );
  }

  /** dx = rstd (gg − mean gg − x̂ · mean(gg∘x̂)) with gg = g∘gain and x̂ = (x − mean) rstd; without `mean` that of gg stays. */
  function backward(
    dx: Dense,
    dgain: Dense,
    dbias: Dense | undefined,
    x: Dense,
    gain: Dense,
    mean: Dense | undefined,
    rstd: Dense,
    g: Dense,
  ): void {
    const [rows, columns] = rowsOf(x);
    const team = teamFor(context, columns);
    const name = mean ? "layerNormGrad" : "rmsNormGrad";
    const mu = mean ? "mean[row]" : "0.0";
    const program = context.program(`${name} dx ${team.key}`, () => ({
      reads: { x: "f32", gain: "f32", rstd: "f32", g: "f32", ...(mean ? { mean: "f32" } : {}) },
      writes: { dx: "f32" },
      params: { rows: "u32", columns: "u32" },
      lanes: team.lanes,
      subgroups: team.subgroups,
      code: /* wgsl */ `${special}${team.code}
fn kernel(group: u32, lane: u32) {
  let place = group * ROWS + lane / TEAM;
  let row = min(place, p.rows - 1u);
  let start = row * p.columns;
  let n = select(0u, p.columns, place < p.rows);
  let first = lane % TEAM;
  let mu = ${mu};
  let scale = rstd[row];
  var sumG = 0.0;
  var sumGx = 0.0;
  for (var i = first; i < n; i += TEAM) {
    let gg = g[start + i] * gain[i];
    sumG += gg;
    sumGx += gg * (x[start + i] - mu) * scale;
  }
  let meanG = ${mean ? "teamSum(sumG, lane) / f32(p.columns)" : "0.0"};
  let meanGx = teamSum(sumGx, lane) / f32(p.columns);
  for (var i = first; i < n; i += TEAM) {
    let xhat = (x[start + i] - mu) * scale;
    dx[start + i] = scale * (g[start + i] * gain[i] - meanG - xhat * meanGx);
  }
}`,
    }));
    const groups = Math.ceil(rows / team.rows);
    const reads = mean ? [x, gain, rstd, g, mean] : [x, gain, rstd, g];
    context.run(program, reads, [dx], [rows, columns], groups, { flops: 12 * rows * columns });
    overRows(dgain, dbias, x, mean, rstd, g);
  }

  /** dgain = Σ_rows g∘x̂ and dbias = Σ_rows g. */
  function overRows(
    dgain: Dense,
    dbias: Dense | undefined,
    x: Dense,
    mean: Dense | undefined,
    rstd: Dense,
    g: Dense,
  ): void {
    const [rows, columns] = rowsOf(x);
    const parts = Math.max(1, Math.ceil(rows / ROWS_OF_A_LANE));
    const name = mean ? `layerNormGrad dgain${dbias ? ", dbias" : ""}` : "rmsNormGrad dgain";
    const program = context.program(name, () => ({
      reads: { x: "f32", rstd: "f32", g: "f32", ...(mean ? { mean: "f32" } : {}) },
      writes: { dgain: "f32", ...(dbias ? { dbias: "f32" } : {}) },
      params: { rows: "u32", columns: "u32", parts: "u32", part: "u32" },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane; // (parts, columns)
  if (i >= p.parts * p.columns) { return; }
  let column = i % p.columns;
  let first = i / p.columns * p.part;
  var gainSum = 0.0;
  var biasSum = 0.0;
  for (var row = first; row < min(first + p.part, p.rows); row++) {
    let at = row * p.columns + column;
    gainSum += g[at] * (x[at] - ${mean ? "mean[row]" : "0.0"}) * rstd[row];
    biasSum += g[at];
  }
  dgain[i] = gainSum;
${dbias ? "  dbias[i] = biasSum;" : ""}
}`,
    }));
    const reads = mean ? [x, rstd, g, mean] : [x, rstd, g];
    const numbers = [rows, columns, parts, Math.ceil(rows / parts)];
    const groups = Math.ceil((parts * columns) / LANES);
    const work = { flops: 5 * rows * columns };
    const run = (gains: Dense, biases: Dense | undefined) =>
      context.run(program, reads, biases ? [gains, biases] : [gains], numbers, groups, work);
    if (parts === 1) {
      run(dgain, dbias);
      return;
    }
    context.scratch(parts * columns, (gains) => {
      if (!dbias) {
        run(gains, undefined);
        reduce("sum", dgain, gains, [1, parts, columns]);
        return;
      }
      context.scratch(parts * columns, (biases) => {
        run(gains, biases);
        reduce("sum", dgain, gains, [1, parts, columns]);
        reduce("sum", dbias, biases, [1, parts, columns]);
      });
    });
  }

  return {
    layerNorm: forward,
    layerNormGrad: backward,
    rmsNorm: (out, rstd, x, gain, epsilon) =>
      forward(out, undefined, rstd, x, gain, undefined, epsilon),
    rmsNormGrad: (dx, dgain, x, gain, rstd, g) =>
      backward(dx, dgain, undefined, x, gain, undefined, rstd, g),
  };
};
