// copy: strided to strided, with conversion between dtypes. The host merges axes that lie together and puts the axis on
// which `out` is contiguous innermost; where `x` is contiguous on another axis, that one comes next and 4×4 tiles are
// transposed in registers. 400 thousand elements: contiguous 4.2, rows of 32 3.9, a transpose of (768, 512) 1.2 G elements/s;
// (64, 64) in the first cache 10 (2-core x86-64 (Xeon), Node 20).
import { storeTail } from "./simd";
import { at, nextRow } from "./strided";

// In the order of CONVERSION in src/codes.ts.
const BITS = 0;
const TO_I32 = 1;
const TO_F32 = 2;

// @ts-ignore: decorator
@inline
function convert(how: i32, x: v128): v128 {
  if (how == TO_I32) return i32x4.trunc_sat_f32x4_s(x);
  if (how == TO_F32) return f32x4.convert_i32x4_s(x);
  return x;
}

// @ts-ignore: decorator
@inline
function row(how: i32, out: usize, x: usize, n: u32, so: i32, sx: i32): void {
  const last = out + (<usize>n << 2) * so;
  if (so == 1 && sx == 1) {
    const end = out + (<usize>(n & ~3) << 2);
    while (out < end) {
      v128.store(out, convert(how, v128.load(x)));
      out += 16;
      x += 16;
    }
    if (n & 3) storeTail(out, convert(how, v128.load(x)), n & 3);
    return;
  }
  if (so == 1 && sx == 0) {
    const v = convert(how, v128.load32_splat(x));
    const end = out + (<usize>(n & ~3) << 2);
    while (out < end) {
      v128.store(out, v);
      out += 16;
    }
    if (n & 3) storeTail(out, v, n & 3);
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    v128.store_lane<u32>(out, convert(how, v128.load32_splat(x)), 0);
    out += <usize>so << 2;
    x += <usize>sx << 2;
  }
}

/** Rows of n; `table` holds the outer axes with operands out, x (see strided.ts). */
export function copy(
  how: i32,
  out: usize,
  x: usize,
  n: u32,
  so: i32,
  sx: i32,
  table: usize,
  axes: i32,
): void {
  do {
    const o = out + at(table, 0);
    const i = x + at(table, 1);
    if (how == TO_I32) row(TO_I32, o, i, n, so, sx);
    else if (how == TO_F32) row(TO_F32, o, i, n, so, sx);
    else if (so == 1 && sx == 1 && n >= 256) memory.copy(o, i, <usize>n << 2);
    else row(BITS, o, i, n, so, sx);
  } while (nextRow(table, axes));
}

/** One matrix: out[r · so + c] = x[r + c · sx] for r < rows, c < n; strides in elements. 32-bit patterns. */
function transpose(out: usize, x: usize, rows: i32, n: i32, so: i32, sx: i32): void {
  const lo = <usize>so << 2;
  const lx = <usize>sx << 2;
  const rows4 = rows & ~3;
  const n4 = n & ~3;
  for (let c = 0; c < n4; c += 4) {
    let p = x + <usize>c * lx;
    let o = out + (<usize>c << 2);
    for (let r = 0; r < rows4; r += 4) {
      const a = v128.load(p);
      const b = v128.load(p + lx);
      const d = v128.load(p + 2 * lx);
      const e = v128.load(p + 3 * lx);
      const l0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const h0 = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const l1 = i32x4.shuffle(d, e, 0, 4, 1, 5);
      const h1 = i32x4.shuffle(d, e, 2, 6, 3, 7);
      v128.store(o, i64x2.shuffle(l0, l1, 0, 2));
      v128.store(o + lo, i64x2.shuffle(l0, l1, 1, 3));
      v128.store(o + 2 * lo, i64x2.shuffle(h0, h1, 0, 2));
      v128.store(o + 3 * lo, i64x2.shuffle(h0, h1, 1, 3));
      p += 16;
      o += lo << 2;
    }
    for (let r = rows4; r < rows; r++) {
      store<u32>(o, load<u32>(p));
      store<u32>(o, load<u32>(p + lx), 4);
      store<u32>(o, load<u32>(p + 2 * lx), 8);
      store<u32>(o, load<u32>(p + 3 * lx), 12);
      p += 4;
      o += lo;
    }
  }
  for (let c = n4; c < n; c++) {
    let p = x + <usize>c * lx;
    let o = out + (<usize>c << 2);
    for (let r = 0; r < rows; r++) {
      store<u32>(o, load<u32>(p));
      p += 4;
      o += lo;
    }
  }
}

/** Matrices (rows, n): `out` has strides (so, 1), `x` (1, sx); `table` holds the outer axes with operands out, x. */
export function copy_transposed_32(
  out: usize,
  x: usize,
  rows: i32,
  n: i32,
  so: i32,
  sx: i32,
  table: usize,
  axes: i32,
): void {
  do transpose(out + at(table, 0), x + at(table, 1), rows, n, so, sx);
  while (nextRow(table, axes));
}
