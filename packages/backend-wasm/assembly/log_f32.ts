// log of four f32. x = m · 2ᵉ with m in [√½, √2); log m by Cephes' polynomial (Moshier, https://www.netlib.org/cephes/,
// logf.c). Error ≤ 2 ulp. Subnormals are exact; 0 → −∞, < 0 → NaN, ∞ → ∞.
import { madd, splat } from "./simd";

// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(1.17549435e-38));
  const y = v128.bitselect(f32x4.mul(x, splat(8388608)), x, subnormal);
  let e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(y, 23), i32x4.splat(126)));
  e = f32x4.sub(e, v128.and(splat(23), subnormal));
  let m = v128.or(v128.and(y, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, splat(0.707106781186547524));
  e = f32x4.sub(e, v128.and(splat(1), low));
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), splat(1));
  const z = f32x4.mul(m, m);
  let p = splat(7.0376836292e-2);
  p = madd(p, m, splat(-1.151461031e-1));
  p = madd(p, m, splat(1.167699874e-1));
  p = madd(p, m, splat(-1.2420140846e-1));
  p = madd(p, m, splat(1.4249322787e-1));
  p = madd(p, m, splat(-1.6668057665e-1));
  p = madd(p, m, splat(2.0000714765e-1));
  p = madd(p, m, splat(-2.4999993993e-1));
  p = madd(p, m, splat(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = madd(e, splat(-2.1219444e-4), p);
  p = madd(z, splat(-0.5), p);
  let r = madd(e, splat(0.693359375), f32x4.add(m, p));
  r = v128.bitselect(splat(-Infinity), r, f32x4.eq(x, splat(0)));
  r = v128.bitselect(splat(NaN), r, f32x4.lt(x, splat(0)));
  // ∞ and NaN are their own logarithms.
  return v128.bitselect(r, x, f32x4.lt(x, splat(Infinity)));
}
