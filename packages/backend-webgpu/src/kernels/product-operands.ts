import { packedQuad } from "../wgsl/packed.ts";
import type { Layout } from "./product.ts";

/**
 * `aQuad(base, line, at)`: four numbers of a stored line; `aBlock(base, row, k)`: 4 × 4 of the operand, and `bQuad`,
 * `bBlock(base, k, column)` alike. A block's columns are vectors over k of one row where `byRow`, and else vectors over
 * rows (of b: over columns) of one k. What lies beyond k counts as 0. What lies beyond the rows of a or the columns of b may be
 * anything: WebGPU keeps such reads inside the buffer, and they reach no number that is stored.
 */
export function operandCode(layout: Layout, byRow: boolean): string {
  const { transposeA, transposeB, quads, tail, packed } = layout;
  return [
    operand("a", "row: u32, k: u32", { lines: transposeA, wide: quads.a, tail, byLine: !byRow }),
    packed
      ? packedQuad("b", packed, "p.bWidth") +
        block("b", "k: u32, column: u32", "column", "k", false)
      : operand("b", "k: u32, column: u32", {
          ...{ lines: !transposeB, wide: quads.b, tail, byLine: true },
        }),
  ].join("");
}

interface Reading {
  /** Stored lines run along k's axis, one line for each k, and not each along k. */
  readonly lines: boolean;
  readonly wide: boolean;
  readonly tail: boolean;
  /** A block's columns are vectors of one k. */
  readonly byLine: boolean;
}

function operand(name: string, place: string, { lines, wide, tail, byLine }: Reading): string {
  const other = name === "a" ? "row" : "column";
  const [line, at] = lines ? ["k", other] : [other, "k"];
  const inside = lines
    ? "vec4<bool>(line < p.k)"
    : "vec4<u32>(at) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(p.k)";
  const value = wide
    ? `${name}[base + line * p.${name}Width + at / 4u]`
    : `vec4<f32>(${[0, 1, 2, 3].map((i) => `${name}[i + ${i}u]`).join(", ")})`;
  return /* wgsl */ `
fn ${name}Quad(base: u32, line: u32, at: u32) -> vec4<f32> {
${wide ? "" : `  let i = base + line * p.${name}Width + at;\n`}  ${
    tail ? `return select(vec4<f32>(), ${value}, ${inside});` : `return ${value};`
  }
}${block(name, place, line, at, lines === byLine)}`;
}

/** Four quads of neighbouring lines, as they are or turned. */
function block(name: string, place: string, line: string, at: string, asRead: boolean): string {
  const quads = [0, 1, 2, 3].map((i) => `${name}Quad(base, ${line} + ${i}u, ${at})`);
  const matrix = `mat4x4<f32>(\n    ${quads.join(",\n    ")}\n  )`;
  return /* wgsl */ `
fn ${name}Block(base: u32, ${place}) -> mat4x4<f32> {
  return ${asRead ? matrix : `transpose(${matrix})`};
}
`;
}

/** Rows of tiles that groups go down before the next column: those at work together share what they read. */
const BAND = 8;

/** `placeOf(group)`: the tile of a workgroup, of `rows` × `columns` numbers, and its part of k. */
export const placeCode = (rows: number, columns: number): string => /* wgsl */ `
struct Place {
  row: u32,
  column: u32,
  first: u32, // of k
  end: u32,
  a: u32, // where its matrices begin
  b: u32,
  out: u32,
}
fn placeOf(group: u32) -> Place {
  let tiles = p.down * p.across;
  let matrix = group / tiles % p.batch;
  let part = group / tiles / p.batch;
  let tile = group % tiles;
  let top = tile / (${BAND}u * p.across) * ${BAND}u; // of a band of tiles, gone through column by column
  let height = min(p.down - top, ${BAND}u);
  let inBand = tile - top * p.across;
  var place: Place;
  place.row = (top + inBand % height) * ${rows}u;
  place.column = inBand / height * ${columns}u;
  place.first = p.first + part * p.part;
  place.end = min(place.first + p.part, p.end);
  place.a = p.aAt + matrix * p.aStep;
  place.b = p.bAt + matrix * p.bStep;
  place.out = p.outAt + matrix * p.outStep + part * p.partStep;
  return place;
}
`;
