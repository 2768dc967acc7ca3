// gelu: ½x(1 + erf(x/√2)); its derivative ½(1 + erf(x/√2)) + x · exp(−x²/2)/√(2π).
// geluTanh: ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³); its derivative ½(1 + tanh u) + ½x(1 − tanh² u)u′.
// Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415. Value and derivative share erf or tanh, so both are computed
// where a gradient will be asked for. G elements/s on 400 thousand, relaxed / wide: gelu 1.5 / 2.1, with its derivative
// 0.71 / 0.90; geluTanh 1.3 / 2.0, with its derivative 1.0 / 1.5 (2-core x86-64 (Xeon), Node 24). The derivative alone, as
// the backward pass computed it before, took 1.25 and 1.8 in wide: twice the erf, for no less memory.
import { erf4 } from "./erf_f32";
import { expNegative4 } from "./exp_f32";
import { entry, madd, storeTail } from "./simd";
import { tanh4 } from "./tanh_f32";

const TABLE: usize = memory.data<f32>(
  [
    0.5,
    0.70710678118654752, // √½
    0.39894228040143268, // 1/√(2π)
    -0.5,
    0.79788456080286536, // √(2/π)
    0.035677408136300125, // √(2/π) · 0.044715
    0.10703222440890037, // 3 √(2/π) · 0.044715
    1.0,
  ],
  16,
);

/** erf(x/√2), or tanh u. */
// @ts-ignore: decorator
@inline
function bend4(tanh: bool, x: v128): v128 {
  if (!tanh) return erf4(f32x4.mul(x, entry(TABLE, 1)));
  const z = f32x4.mul(x, x);
  return tanh4(f32x4.mul(x, madd(z, entry(TABLE, 5), entry(TABLE, 4))));
}

/** From x and bend4(x). */
// @ts-ignore: decorator
@inline
function value4(x: v128, bend: v128): v128 {
  const half = f32x4.mul(x, entry(TABLE, 0));
  return madd(half, bend, half);
}

/** The derivative, from x and bend4(x). */
// @ts-ignore: decorator
@inline
function slope4(tanh: bool, x: v128, bend: v128): v128 {
  const z = f32x4.mul(x, x);
  const cdf = madd(bend, entry(TABLE, 0), entry(TABLE, 0));
  if (!tanh) {
    const density = expNegative4(f32x4.mul(z, entry(TABLE, 3)));
    return madd(f32x4.mul(x, entry(TABLE, 2)), density, cdf);
  }
  const du = madd(z, entry(TABLE, 6), entry(TABLE, 4));
  const sech2 = f32x4.sub(entry(TABLE, 7), f32x4.mul(bend, bend));
  return madd(f32x4.mul(f32x4.mul(x, entry(TABLE, 0)), sech2), du, cdf);
}

// @ts-ignore: decorator
@inline
function values(tanh: bool, out: usize, x: usize, n: u32): void {
  while (n >= 8) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const ya = value4(a, bend4(tanh, a));
    const yb = value4(b, bend4(tanh, b));
    v128.store(out, ya);
    v128.store(out, yb, 16);
    x += 32;
    out += 32;
    n -= 8;
  }
  while (n) {
    const a = v128.load(x);
    const y = value4(a, bend4(tanh, a));
    if (n < 4) return storeTail(out, y, n);
    v128.store(out, y);
    x += 16;
    out += 16;
    n -= 4;
  }
}

// @ts-ignore: decorator
@inline
function both(tanh: bool, out: usize, slope: usize, x: usize, n: u32): void {
  while (n >= 8) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const ba = bend4(tanh, a);
    const bb = bend4(tanh, b);
    const ya = value4(a, ba);
    const yb = value4(b, bb);
    v128.store(out, ya);
    v128.store(out, yb, 16);
    const sa = slope4(tanh, a, ba);
    const sb = slope4(tanh, b, bb);
    v128.store(slope, sa);
    v128.store(slope, sb, 16);
    x += 32;
    out += 32;
    slope += 32;
    n -= 8;
  }
  while (n) {
    const a = v128.load(x);
    const bend = bend4(tanh, a);
    const y = value4(a, bend);
    const s = slope4(tanh, a, bend);
    if (n < 4) {
      storeTail(out, y, n);
      return storeTail(slope, s, n);
    }
    v128.store(out, y);
    v128.store(slope, s);
    x += 16;
    out += 16;
    slope += 16;
    n -= 4;
  }
}

/** n elements; `out` may be x. */
export function gelu_f32(out: usize, x: usize, n: u32): void {
  values(false, out, x, n);
}

/** The derivative as well. */
export function gelu_slope_f32(out: usize, slope: usize, x: usize, n: u32): void {
  both(false, out, slope, x, n);
}

export function gelu_tanh_f32(out: usize, x: usize, n: u32): void {
  values(true, out, x, n);
}

export function gelu_tanh_slope_f32(out: usize, slope: usize, x: usize, n: u32): void {
  both(true, out, slope, x, n);
}
