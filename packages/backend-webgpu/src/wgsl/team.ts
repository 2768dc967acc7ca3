import type { Context } from "../context.ts";

/** How rows are shared out: `size` lanes work on one, `rows` of them in a workgroup. */
export interface Team {
  /** For the names of programs. */
  readonly key: string;
  readonly size: number;
  readonly rows: number;
  /** Lanes of a workgroup: size · rows. */
  readonly lanes: number;
  readonly subgroups: boolean;
  /**
   * Constants TEAM and ROWS, and functions that all lanes of a workgroup must call together:
   * `teamSum(v: f32, lane: u32) -> f32` and `teamMax` (NaN when any is), the same result for every lane of a team. The team
   * of a lane is lane / TEAM, its place in it lane % TEAM. Needs `special` of math.ts.
   */
  readonly code: string;
}

// No barrier with one lane a row; 16 rows, so that few rows occupy several cores.
const SERIAL_ROWS = 16;

/** A team for rows of `columns`. Rows are summed by lanes in strides, then over the team by a tree: deterministic. */
export function teamFor({ serial, subgroups }: Context, columns: number): Team {
  if (serial)
    return {
      key: "serial",
      size: 1,
      rows: SERIAL_ROWS,
      lanes: SERIAL_ROWS,
      subgroups: false,
      code: constants(1, SERIAL_ROWS) + alone,
    };
  const size = columns <= 128 ? 32 : columns <= 1024 ? 64 : 256;
  if (subgroups)
    return {
      key: `${size} lanes in subgroups`,
      size,
      rows: 1,
      lanes: size,
      subgroups: true,
      code:
        constants(size, 1) + bySubgroups("Sum", "subgroupAdd(v)", "a + b", "0.0") + maxBySubgroups,
    };
  const lanes = Math.max(size, 128);
  return {
    key: `${size} lanes`,
    size,
    rows: lanes / size,
    lanes,
    subgroups: false,
    code: constants(size, lanes / size) + byTree("Sum", "a + b") + byTree("Max", "maxOrNan(a, b)"),
  };
}

const constants = (size: number, rows: number) => /* wgsl */ `
const TEAM = ${size}u;
const ROWS = ${rows}u;
`;

const alone = /* wgsl */ `
fn teamSum(v: f32, lane: u32) -> f32 { return v; }
fn teamMax(v: f32, lane: u32) -> f32 { return v; }
`;

const byTree = (name: string, join: string) => /* wgsl */ `
var<workgroup> shared${name}: array<f32, LANES>;
fn join${name}(a: f32, b: f32) -> f32 { return ${join}; }
fn team${name}(v: f32, lane: u32) -> f32 {
  workgroupBarrier(); // the last result has been read
  shared${name}[lane] = v;
  workgroupBarrier();
  for (var step = TEAM / 2u; step > 0u; step /= 2u) {
    if (lane % TEAM < step) { shared${name}[lane] = join${name}(shared${name}[lane], shared${name}[lane + step]); }
    workgroupBarrier();
  }
  return shared${name}[lane - lane % TEAM];
}
`;

const bySubgroups = (name: string, reduce: string, join: string, identity: string) => /* wgsl */ `
var<workgroup> shared${name}: array<f32, LANES>;
fn join${name}(a: f32, b: f32) -> f32 { return ${join}; }
fn team${name}(v: f32, lane: u32) -> f32 {
  let part = ${reduce};
  workgroupBarrier(); // the last result has been read
  if (subgroupLane == 0u) { shared${name}[subgroupIndex] = part; }
  workgroupBarrier();
  var total = f32(${identity});
  for (var i = 0u; i < (LANES + subgroupSize - 1u) / subgroupSize; i++) { total = join${name}(total, shared${name}[i]); }
  return total;
}
`;

// subgroupMax may drop a NaN, so it is told apart.
const maxBySubgroups = bySubgroups(
  "Max",
  "select(subgroupMax(v), nan(), subgroupAny(isNan(v)))",
  "maxOrNan(a, b)",
  "-infinity()",
);
