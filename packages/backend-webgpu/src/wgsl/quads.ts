/** Columns of a row, four at a time. */
export const quadsOf = (columns: number): number => Math.ceil(columns / 4);

/** Programs below have `columns: "u32"`, the columns of a row, among their parameters. */

/** The element type of a buffer that is read by quads: vec4 where every row starts at a multiple of four. */
export const elementOf = (wide: boolean): string => (wide ? "vec4<f32>" : "f32");

/**
 * `nameQuad(at, i)`: quad i of the row of buffer `name` that starts at element `at`; columns past the last are 0. With `wide`
 * the buffer's elements, and so `at`, are quads; without, numbers.
 */
export const readQuad = (name: string, wide: boolean): string =>
  wide
    ? /* wgsl */ `
fn ${name}Quad(at: u32, i: u32) -> vec4<f32> { return ${name}[at + i]; }`
    : /* wgsl */ `
fn ${name}Quad(at: u32, i: u32) -> vec4<f32> {
  var quad = vec4<f32>();
  for (var d = 4u * i; d < min(4u * i + 4u, p.columns); d++) { quad[d % 4u] = ${name}[at + d]; }
  return quad;
}`;

/** `namePut(at, i, quad)`: writes what {@link readQuad} reads, and nothing past the last column. */
export const writeQuad = (name: string, wide: boolean): string =>
  wide
    ? /* wgsl */ `
fn ${name}Put(at: u32, i: u32, quad: vec4<f32>) { ${name}[at + i] = quad; }`
    : /* wgsl */ `
fn ${name}Put(at: u32, i: u32, quad: vec4<f32>) {
  for (var d = 4u * i; d < min(4u * i + 4u, p.columns); d++) { ${name}[at + d] = quad[d % 4u]; }
}`;
