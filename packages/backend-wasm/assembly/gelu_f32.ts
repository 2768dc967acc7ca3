// gelu: ½x(1 + erf(x/√2)); its derivative ½(1 + erf(x/√2)) + x · exp(−x²/2)/√(2π).
// geluTanh: ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³); its derivative ½(1 + tanh u) + ½x(1 − tanh² u)u′.
// Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415. G elements/s on 400 thousand, plain / relaxed /
// wide: gelu 1.15 / 1.6 / 2.3, its gradient 0.6 / 0.8 / 1.25; geluTanh 1.0 / 1.4 / 2.2, 0.75 / 1.05 / 1.8
// (2-core x86-64 (Xeon), plain and relaxed Node 20, wide Node 24; there 0.67 and 0.33 before constants came from memory).
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

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  const half = f32x4.mul(x, entry(TABLE, 0));
  return madd(half, erf4(f32x4.mul(x, entry(TABLE, 1))), half);
}

// @ts-ignore: decorator
@inline
function geluSlope4(x: v128): v128 {
  const cdf = madd(erf4(f32x4.mul(x, entry(TABLE, 1))), entry(TABLE, 0), entry(TABLE, 0));
  const density = expNegative4(f32x4.mul(f32x4.mul(x, x), entry(TABLE, 3)));
  return madd(f32x4.mul(x, entry(TABLE, 2)), density, cdf);
}

// @ts-ignore: decorator
@inline
function inner4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  return f32x4.mul(x, madd(z, entry(TABLE, 5), entry(TABLE, 4)));
}

// @ts-ignore: decorator
@inline
function geluTanh4(x: v128): v128 {
  const half = f32x4.mul(x, entry(TABLE, 0));
  return madd(half, tanh4(inner4(x)), half);
}

// @ts-ignore: decorator
@inline
function geluTanhSlope4(x: v128): v128 {
  const t = tanh4(inner4(x));
  const z = f32x4.mul(x, x);
  const du = madd(z, entry(TABLE, 6), entry(TABLE, 4));
  const sech2 = f32x4.sub(entry(TABLE, 7), f32x4.mul(t, t));
  const half = f32x4.mul(x, entry(TABLE, 0));
  return madd(f32x4.mul(half, sech2), du, madd(t, entry(TABLE, 0), entry(TABLE, 0)));
}

export function gelu_f32(out: usize, x: usize, n: u32): void {
  while (n >= 8) {
    const a = gelu4(v128.load(x));
    const b = gelu4(v128.load(x, 16));
    v128.store(out, a);
    v128.store(out, b, 16);
    x += 32;
    out += 32;
    n -= 8;
  }
  while (n) {
    const a = gelu4(v128.load(x));
    if (n < 4) return storeTail(out, a, n);
    v128.store(out, a);
    x += 16;
    out += 16;
    n -= 4;
  }
}

export function gelu_grad_f32(dx: usize, x: usize, g: usize, n: u32): void {
  while (n >= 8) {
    const a = f32x4.mul(v128.load(g), geluSlope4(v128.load(x)));
    const b = f32x4.mul(v128.load(g, 16), geluSlope4(v128.load(x, 16)));
    v128.store(dx, a);
    v128.store(dx, b, 16);
    x += 32;
    g += 32;
    dx += 32;
    n -= 8;
  }
  while (n) {
    const a = f32x4.mul(v128.load(g), geluSlope4(v128.load(x)));
    if (n < 4) return storeTail(dx, a, n);
    v128.store(dx, a);
    x += 16;
    g += 16;
    dx += 16;
    n -= 4;
  }
}

export function gelu_tanh_f32(out: usize, x: usize, n: u32): void {
  while (n >= 8) {
    const a = geluTanh4(v128.load(x));
    const b = geluTanh4(v128.load(x, 16));
    v128.store(out, a);
    v128.store(out, b, 16);
    x += 32;
    out += 32;
    n -= 8;
  }
  while (n) {
    const a = geluTanh4(v128.load(x));
    if (n < 4) return storeTail(out, a, n);
    v128.store(out, a);
    x += 16;
    out += 16;
    n -= 4;
  }
}

export function gelu_tanh_grad_f32(dx: usize, x: usize, g: usize, n: u32): void {
  while (n >= 8) {
    const a = f32x4.mul(v128.load(g), geluTanhSlope4(v128.load(x)));
    const b = f32x4.mul(v128.load(g, 16), geluTanhSlope4(v128.load(x, 16)));
    v128.store(dx, a);
    v128.store(dx, b, 16);
    x += 32;
    g += 32;
    dx += 32;
    n -= 8;
  }
  while (n) {
    const a = f32x4.mul(v128.load(g), geluTanhSlope4(v128.load(x)));
    if (n < 4) return storeTail(dx, a, n);
    v128.store(dx, a);
    x += 16;
    g += 16;
    dx += 16;
    n -= 4;
  }
}
