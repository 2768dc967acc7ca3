// erf of four f32: x P(x²) / Q(x²) on [−3.92, 3.92], beyond it ±1 exactly. Coefficients from Eigen (https://gitlab.com/libeigen/eigen,
// generic_fast_erf_float). Absolute error ≤ 4e-7.
import { beyond, madd, splat } from "./simd";

// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = splat(-2.72614225801306e-10);
  p = madd(p, z, splat(2.77068142495902e-8));
  p = madd(p, z, splat(-2.10102402082508e-6));
  p = madd(p, z, splat(-5.69250639462346e-5));
  p = madd(p, z, splat(-7.34990630326855e-4));
  p = madd(p, z, splat(-2.95459980854025e-3));
  p = madd(p, z, splat(-1.60960333262415e-2));
  let q = splat(-1.45660718464996e-5);
  q = madd(q, z, splat(-2.13374055278905e-4));
  q = madd(q, z, splat(-1.68282697438203e-3));
  q = madd(q, z, splat(-7.37332916720468e-3));
  q = madd(q, z, splat(-1.42647390514189e-2));
  return beyond(x, 3.92, f32x4.mul(x, f32x4.div(p, q)));
}
