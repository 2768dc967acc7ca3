import { each } from "./attention-heads.ts";

/**
 * Products of a block of rows and tiles of columns through workgroup memory, for kernels with barriers. Rows and columns are
 * queries and keys, or keys and queries; both have D numbers, which go by in chunks of 32.
 *
 * A workgroup has `block` rows, {@link COLUMNS} columns a tile and 2 · block lanes, of which each holds 4 × 4 pairs: rows
 * 4·y … 4·y + 3 with y = lane / 8, columns x, x + 8, x + 16, x + 24 with x = lane % 8. Rows in workgroup memory are 9 quads
 * long for 8 in use: neighbours lie in different banks.
 */
export const COLUMNS = 32;
/** Quads. */
const CHUNK = 8;

/** Numbers of a row above which its sums do not fit the registers of a lane. */
export const WIDEST = 256;

const chunksOf = (D: number): number => Math.ceil(D / (4 * CHUNK));
/** The largest D that programs for D serve. */
export const widthOf = (D: number): number => chunksOf(D) * 4 * CHUNK;

/**
 * Workgroup memory: 13,824 bytes for 64 rows; every device has 16,384. Weights take the place of the rows when those have
 * been used: 32 columns of block / 4 + 1 quads, a quad being 4 rows.
 */
export const tileCode = (block: number): string => /* wgsl */ `
const NOWHERE = 0xffffffffu;
const BLOCK = ${block}u;
const PITCH = ${block / 4 + 1}u;
var<workgroup> rowTile: array<vec4<f32>, ${block * 9}>;
var<workgroup> columnTile: array<vec4<f32>, ${COLUMNS * 9}>;
fn weights(x: vec4<f32>) -> vec4<f32> { return vec4<f32>(weight(x.x), weight(x.y), weight(x.z), weight(x.w)); }
`;

/** `nameLoad(at, i)`: a quad, or zeros past the columns or where `at` is NOWHERE. */
export const loader = (name: string): string => /* wgsl */ `
fn ${name}Load(at: u32, i: u32) -> vec4<f32> {
  if (at == NOWHERE || i >= p.quads) { return vec4<f32>(); }
  return ${name}Quad(at, i);
}`;

const ROW_LOADS = 4;
/** Quads of a chunk of columns that a lane loads. */
const columnLoads = (block: number) => (COLUMNS * CHUNK) / (2 * block);
/** The row of a tile whose load n a lane does; the quad is lane % 8. */
const loaded = (block: number, n: number) => `lane / 8u + ${(n * block) / 4}u`;

/** Finds where the rows are that a lane loads: `nameAt0` … from `place`, the WGSL of where row `at` lies. */
export const findRows = (name: string, block: number, start: string, end: string, place: string) =>
  find(`${name}At`, ROW_LOADS, block, start, end, place);
export const findColumns = (
  name: string,
  block: number,
  start: string,
  end: string,
  place: string,
) => find(`${name}At`, columnLoads(block), block, start, end, place);

const find = (
  name: string,
  n: number,
  block: number,
  start: string,
  end: string,
  place: string,
): string =>
  each(
    n,
    (i) => `  var ${name}${i} = NOWHERE;
  { let at = ${start} + ${loaded(block, i)}; if (at < ${end}) { ${name}${i} = ${place}; } }`,
  );

const loadColumns = (name: string, block: number, chunk: string): string =>
  each(
    columnLoads(block),
    (i) =>
      `    columnTile[(${loaded(block, i)}) * 9u + lane % 8u] = ${name}Load(${name}At${i}, ${chunk} * 8u + lane % 8u);`,
  );

/**
 * Adds to into0 … into3 (a vec4 of rows for each of the lane's columns) the products of all columns. Begins with a barrier;
 * whoever writes the tiles next must too.
 */
export const product = (
  into: string,
  rows: string,
  columns: string,
  block: number,
  D: number,
): string => /* wgsl */ `
  for (var chunk = 0u; chunk < ${chunksOf(D)}u; chunk++) {
    workgroupBarrier();
${each(
  ROW_LOADS,
  (i) =>
    `    rowTile[(${loaded(block, i)}) * 9u + lane % 8u] = ${rows}Load(${rows}At${i}, chunk * 8u + lane % 8u);`,
)}
${loadColumns(columns, block, "chunk")}
    workgroupBarrier();
    for (var i = 0u; i < 8u; i++) {
${each(4, (r) => `      let row${r} = rowTile[(y * 4u + ${r}u) * 9u + i];`)}
${each(
  4,
  (c) => `      let column${c} = columnTile[(x + ${8 * c}u) * 9u + i];
      ${into}${c} += vec4<f32>(${each(4, (r) => `dot(row${r}, column${c})`, ", ")});`,
)}
    }
  }`;

/** Puts from0 … from3 where `accumulate` takes weights. Needs a barrier before, where the rows are still being read. */
export const putWeights = (from: string): string =>
  each(4, (c) => `  rowTile[(x + ${8 * c}u) * PITCH + y] = ${from}${c};`);

/**
 * For each row r of the lane and chunk n: into{n}_{r} = keep{r} · itself + Σ of the tile's columns by weight, of quad
 * 8n + x. Sums of a tile are made apart, so that long sums lose no bits.
 */
export const accumulate = (
  into: string,
  columns: string,
  block: number,
  D: number,
  keep: (r: number) => string = () => "",
): string =>
  each(
    chunksOf(D),
    (n) => /* wgsl */ `${n > 0 ? "  workgroupBarrier();\n" : ""}  {
${loadColumns(columns, block, `${n}u`)}
    workgroupBarrier();
${each(4, (r) => `    var sum${r} = vec4<f32>();`)}
    for (var i = 0u; i < ${COLUMNS}u; i++) {
      let w = rowTile[i * PITCH + y];
      let column = columnTile[i * 9u + x];
${each(4, (r) => `      sum${r} += w[${r}] * column;`)}
    }
${each(4, (r) => `    ${into}${n}_${r} = ${keep(r)}${into}${n}_${r} + sum${r};`)}
  }`,
  );

/** Declares what {@link accumulate} adds to. */
export const sums = (into: string, D: number): string =>
  each(chunksOf(D), (n) => `  ${each(4, (r) => `var ${into}${n}_${r} = vec4<f32>();`, " ")}`);

/** Calls `put` with what the lane holds: row r of its four, the quad, and the sum. */
export const eachSum = (
  into: string,
  D: number,
  put: (r: number, quad: string, sum: string) => string,
): string =>
  each(chunksOf(D), (n) =>
    each(
      4,
      (r) => `  if (${8 * n}u + x < p.quads) { ${put(r, `${8 * n}u + x`, `${into}${n}_${r}`)} }`,
    ),
  );
