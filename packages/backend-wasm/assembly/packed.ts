// Packed numbers, widened to f32: rows of whole groups of 32 (packages/tensor/src/packed/formats.ts says how each lies).
import { madd, splat, sumLanes } from "./simd";

/** Codes of src/codes.ts. */
export const F16: i32 = 0;
export const BF16: i32 = 1;
export const INT8: i32 = 2;
export const INT4: i32 = 3;

export const GROUP: i32 = 32;

/** 2¹¹² as f32; the sign and the 15 other bits of an f16 that were moved 13 up, the sign's copies between them left out. */
const HALF: usize = memory.data<u32>([0x77800000, 0x8fffe000], 16);

/** Bytes of a group's words. */
// @ts-ignore: decorator
@inline
export function groupBytes(format: i32): usize {
  return format == INT8 ? 32 : format == INT4 ? 16 : 64;
}

// @ts-ignore: decorator
@inline
export function isScaled(format: i32): bool {
  return format >= INT8;
}

/** Four 16-bit patterns, each sign-extended, as f32. An f16's bits 13 up are a float32 of 2¹¹² times less, subnormals too. */
// @ts-ignore: decorator
@inline
function half(format: i32, h: v128): v128 {
  if (format == BF16) return i32x4.shl(h, 16);
  const bits = v128.and(i32x4.shl(h, 13), v128.load32_splat(HALF, 4));
  return f32x4.mul(bits, v128.load32_splat(HALF));
}

/** Four numbers of 8 that came as 16 bits: the lower or the upper ones, not yet scaled. */
// @ts-ignore: decorator
@inline
function low(format: i32, eight: v128): v128 {
  const four = i32x4.extend_low_i16x8_s(eight);
  return isScaled(format) ? f32x4.convert_i32x4_s(four) : half(format, four);
}

// @ts-ignore: decorator
@inline
function high(format: i32, eight: v128): v128 {
  const four = i32x4.extend_high_i16x8_s(eight);
  return isScaled(format) ? f32x4.convert_i32x4_s(four) : half(format, four);
}

/** Numbers 8·part … 8·part + 7 of a group in 16 bits each. int4: of its low or its high nibbles, in `nibbles`. */
// @ts-ignore: decorator
@inline
function eight(format: i32, group: usize, nibbles: v128, part: i32): v128 {
  if (format == INT4)
    return part & 1 ? i16x8.extend_high_i8x16_s(nibbles) : i16x8.extend_low_i8x16_s(nibbles);
  if (format == INT8) return v128.load_ext<i8>(group + (<usize>part << 3));
  return v128.load(group + (<usize>part << 4));
}

/** −8 … 7, from the low nibbles of 16 bytes, or from the high ones. */
// @ts-ignore: decorator
@inline
function nibblesOf(format: i32, group: usize, upper: bool): v128 {
  if (format != INT4) return splat(0);
  const bytes = v128.load(group);
  const q = upper ? i8x16.shr_u(bytes, 4) : v128.and(bytes, i8x16.splat(15));
  return i8x16.sub(q, i8x16.splat(8));
}

// @ts-ignore: decorator
@inline
function put(format: i32, eight: v128, scale: v128, to: usize): void {
  const a = low(format, eight);
  const b = high(format, eight);
  v128.store(to, isScaled(format) ? f32x4.mul(a, scale) : a);
  v128.store(to, isScaled(format) ? f32x4.mul(b, scale) : b, 16);
}

/** One number of a group, scaled. */
function one(format: i32, group: usize, scale: usize, i: i32): f32 {
  if (format == INT8) return <f32>load<i8>(group + i) * load<f32>(scale);
  if (format == INT4) {
    const byte = <i32>load<u8>(group + (i & 15));
    return <f32>((i < 16 ? byte & 15 : byte >> 4) - 8) * load<f32>(scale);
  }
  const h = <i32>load<i16>(group + (<usize>i << 1));
  if (format == BF16) return reinterpret<f32>(h << 16);
  return reinterpret<f32>((h << 13) & load<i32>(HALF, 4)) * load<f32>(HALF);
}

// @ts-ignore: decorator
@inline
function widen(format: i32, row: usize, scales: usize, n: i32, to: usize): void {
  const bytes = groupBytes(format);
  let left = n;
  for (; left >= GROUP; left -= GROUP) {
    const scale = isScaled(format) ? v128.load32_splat(scales) : splat(0);
    const l = nibblesOf(format, row, false);
    const h = nibblesOf(format, row, true);
    put(format, eight(format, row, l, 0), scale, to);
    put(format, eight(format, row, l, 1), scale, to + 32);
    put(format, eight(format, row, h, 2), scale, to + 64);
    put(format, eight(format, row, h, 3), scale, to + 96);
    row += bytes;
    scales += 4;
    to += 128;
  }
  for (let i = 0; i < left; i++) store<f32>(to + (<usize>i << 2), one(format, row, scales, i));
}

/** The first `n` numbers of a row, or of its rest from a group on, as f32. */
export function widenRow(format: i32, row: usize, scales: usize, n: i32, to: usize): void {
  if (format == F16) widen(F16, row, scales, n, to);
  else if (format == BF16) widen(BF16, row, scales, n, to);
  else if (format == INT8) widen(INT8, row, scales, n, to);
  else widen(INT4, row, scales, n, to);
}

/** s + 8 numbers of a row · 8 of x. */
// @ts-ignore: decorator
@inline
function by(format: i32, eight: v128, x: usize, s: v128): v128 {
  return madd(high(format, eight), v128.load(x, 16), madd(low(format, eight), v128.load(x), s));
}

// @ts-ignore: decorator
@inline
function dot(format: i32, row: usize, scales: usize, x: usize, groups: i32): f32 {
  const bytes = groupBytes(format);
  let s0 = splat(0);
  let s1 = splat(0);
  let total = splat(0);
  for (let g = 0; g < groups; g++) {
    const l = nibblesOf(format, row, false);
    const h = nibblesOf(format, row, true);
    if (isScaled(format)) {
      s0 = splat(0);
      s1 = splat(0);
    }
    s0 = by(format, eight(format, row, l, 0), x, s0);
    s1 = by(format, eight(format, row, l, 1), x + 32, s1);
    s0 = by(format, eight(format, row, h, 2), x + 64, s0);
    s1 = by(format, eight(format, row, h, 3), x + 96, s1);
    if (isScaled(format)) total = madd(f32x4.add(s0, s1), v128.load32_splat(scales), total);
    row += bytes;
    scales += 4;
    x += 128;
  }
  return sumLanes(isScaled(format) ? total : f32x4.add(s0, s1));
}

/** Rows of `groups` groups · x, whose numbers beyond the row's are 0: `n` results from `to` on, `plus` added if it is not 0. */
// @ts-ignore: decorator
@inline
function dots(
  format: i32,
  n: i32,
  row: usize,
  scales: usize,
  x: usize,
  groups: i32,
  plus: usize,
  to: usize,
): void {
  const bytes = <usize>groups * groupBytes(format);
  for (let j = 0; j < n; j++) {
    let s = dot(format, row, scales, x, groups);
    if (plus) {
      s += load<f32>(plus);
      plus += 4;
    }
    store<f32>(to, s);
    to += 4;
    row += bytes;
    scales += <usize>groups << 2;
  }
}

export function dotRows(
  format: i32,
  n: i32,
  row: usize,
  scales: usize,
  x: usize,
  groups: i32,
  plus: usize,
  to: usize,
): void {
  if (format == F16) dots(F16, n, row, scales, x, groups, plus, to);
  else if (format == BF16) dots(BF16, n, row, scales, x, groups, plus, to);
  else if (format == INT8) dots(INT8, n, row, scales, x, groups, plus, to);
  else dots(INT4, n, row, scales, x, groups, plus, to);
}
