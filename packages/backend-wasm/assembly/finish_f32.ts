// What a linear layer does to its product, block by block while it is in the cache: y = act(c) + residual, in place, and
// the derivative act′(c) where a gradient will be asked for. Matrices of one row stride.
import { gelu_f32, gelu_slope_f32, gelu_tanh_f32, gelu_tanh_slope_f32 } from "./gelu_f32";
import { storeTail } from "./simd";

/** Codes of src/codes.ts. */
const GELU: i32 = 1;
const GELU_TANH: i32 = 2;

function addRow(y: usize, x: usize, n: i32): void {
  while (n >= 8) {
    const a = f32x4.add(v128.load(y), v128.load(x));
    const b = f32x4.add(v128.load(y, 16), v128.load(x, 16));
    v128.store(y, a);
    v128.store(y, b, 16);
    y += 32;
    x += 32;
    n -= 8;
  }
  while (n > 0) {
    const a = f32x4.add(v128.load(y), v128.load(x));
    if (n < 4) return storeTail(y, a, n);
    v128.store(y, a);
    y += 16;
    x += 16;
    n -= 4;
  }
}

/** (rows, cols) from c on; `slope` and `residual` lie so many bytes after c, 0: there is none. */
export function finish(
  act: i32,
  rows: i32,
  cols: i32,
  c: usize,
  ld: usize,
  slope: usize,
  residual: usize,
): void {
  for (let i = 0; i < rows; i++) {
    if (act == GELU) {
      if (slope) gelu_slope_f32(c, c + slope, c, cols);
      else gelu_f32(c, c, cols);
    } else if (act == GELU_TANH) {
      if (slope) gelu_tanh_slope_f32(c, c + slope, c, cols);
      else gelu_tanh_f32(c, c, cols);
    }
    if (residual) addRow(c, c + residual, cols);
    c += ld;
  }
}
