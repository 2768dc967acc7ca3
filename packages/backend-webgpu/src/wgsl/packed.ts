import type { PackedFormat } from "@muladd/tensor";

/** Words of a group of 32 numbers. */
export const GROUP_WORDS: Readonly<Record<PackedFormat, number>> = {
  f16: 16,
  bf16: 16,
  int8: 8,
  int4: 4,
};

/** A device may flush a subnormal f16 that it converts, so they are told apart: their value is normal in f32. */
const halves = /* wgsl */ `
fn halves(h: vec4<u32>) -> vec4<f32> {
  let size = h & vec4<u32>(0x7fffu);
  let sign = (h & vec4<u32>(0x8000u)) << vec4<u32>(16u);
  let normal = bitcast<vec4<f32>>(sign | ((size << vec4<u32>(13u)) + vec4<u32>(0x38000000u)));
  let subnormal = bitcast<vec4<f32>>(sign | bitcast<vec4<u32>>(vec4<f32>(size) * 0x1p-24f));
  return select(normal, subnormal, size < vec4<u32>(0x400u));
}`;

const spread = /* wgsl */ `
  let w = vec2<u32>(NAME[row + at / 2u], NAME[row + at / 2u + 1u]);
  let h = vec4<u32>(w.x & 0xffffu, w.x >> 16u, w.y & 0xffffu, w.y >> 16u);`;

const BODY: Readonly<Record<PackedFormat, string>> = {
  f16: `${spread}
  return halves(h);`,
  bf16: `${spread}
  return bitcast<vec4<f32>>(h << vec4<u32>(16u));`,
  int8: /* wgsl */ `
  let w = vec4<i32>(bitcast<i32>(NAME[row + at / 4u]));
  let q = (w << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  return vec4<f32>(q) * SCALE;`,
  int4: /* wgsl */ `
  let w = vec4<u32>(NAME[row + at / 32u * 4u + at % 16u / 4u]);
  let q = (w >> (vec4<u32>(0u, 8u, 16u, 24u) + at % 32u / 16u * 4u)) & vec4<u32>(15u);
  return (vec4<f32>(q) - 8.0) * SCALE;`,
};

/** The element types of a packed matrix's buffers: its words under `name`, and its scales where it has them. */
export const packedBuffers = (name: string, format: PackedFormat) => ({
  [name]: "u32",
  ...(isScaled(format) && { [`${name}Scales`]: "f32" }),
});

export const isScaled = (format: PackedFormat): boolean => format === "int8" || format === "int4";

/** `nameQuad(base, line, at)`: four numbers of a row of `width` words from column `at`, a multiple of 4, on. */
export function packedQuad(name: string, format: PackedFormat, width: string): string {
  const scale = `${name}Scales[line * (${width} / ${GROUP_WORDS[format]}u) + at / 32u]`;
  const body = BODY[format].replaceAll("NAME", name).replace("SCALE", scale);
  return /* wgsl */ `${format === "f16" ? halves : ""}
fn ${name}Quad(base: u32, line: u32, at: u32) -> vec4<f32> {
  let row = base + line * ${width};${body}
}`;
}
