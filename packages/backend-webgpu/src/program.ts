/** Types of the numbers that a dispatch is given. */
export type ParamType = "u32" | "i32" | "f32";

/**
 * A compute shader: what a pipeline is made from. Its code sees every buffer by name, the numbers as `p.name`, and declares
 * `fn kernel(group: u32, lane: u32)`, which runs for each workgroup and lane; both count in one dimension, whatever the
 * number of workgroups. With subgroups, `subgroupLane`, `subgroupSize` and `subgroupIndex` are there too.
 */
export interface Program {
  /** What errors and profiles say: "matmul direct 4×4 nt". */
  readonly name: string;
  /** Element types of the buffers read, by name: "f32", "vec4<f32>", "i32". */
  readonly reads: Readonly<Record<string, string>>;
  /** Of the buffers written, or read and written. A dispatch may not also read them under another name. */
  readonly writes: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, ParamType>>;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  readonly f16?: boolean;
  readonly subgroups?: boolean;
  readonly code: string;
}

/** "rrw": the buffers of a program, as its bind group layout is keyed. */
export const signature = ({ reads, writes }: Program): string =>
  "r".repeat(Object.keys(reads).length) + "w".repeat(Object.keys(writes).length);

/** The module's text. Kept short: compiling takes time by length. */
export function moduleText(program: Program): string {
  const { reads, writes, params, lanes, f16, subgroups, code } = program;
  let binding = 0;
  const buffers = [
    ...Object.entries(reads).map(([name, type]) => ["read", name, type] as const),
    ...Object.entries(writes).map(([name, type]) => ["read_write", name, type] as const),
  ].map(
    ([access, name, type]) =>
      `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<${type}>;`,
  );
  const fields = Object.entries(params).map(([name, type]) => `  ${name}: ${type},`);
  return `${f16 ? "enable f16;\n" : ""}${subgroups ? "enable subgroups;\nrequires subgroup_id;\n" : ""}
struct Params {
  groups: u32,
${fields.join("\n")}
}
${buffers.join("\n")}
@group(0) @binding(${binding}) var<uniform> p: Params;
const LANES = ${lanes}u;
${subgroups ? "var<private> subgroupLane: u32; var<private> subgroupSize: u32; var<private> subgroupIndex: u32;" : ""}
${code}
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) groupAt: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,${
    subgroups
      ? `
  @builtin(subgroup_invocation_id) inSubgroup: u32,
  @builtin(subgroup_size) sizeOfSubgroup: u32,
  @builtin(subgroup_id) whichSubgroup: u32,`
      : ""
  }
) {
  let group = groupAt.x + groupAt.y * grid.x;
  if (group >= p.groups) { return; }
${subgroups ? "  subgroupLane = inSubgroup; subgroupSize = sizeOfSubgroup; subgroupIndex = whichSubgroup;\n" : ""}  kernel(group, lane);
}
`;
}
