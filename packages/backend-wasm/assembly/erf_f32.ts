// erf of four f32: x P(x²) / Q(x²) on [−3.92, 3.92], beyond it ±1 exactly. Coefficients from Eigen (https://gitlab.com/libeigen/eigen,
// generic_fast_erf_float). Absolute error ≤ 4e-7.
import { beyond, entry, madd } from "./simd";

/** The coefficients of P and of Q, highest power first, and the bound. */
const TABLE: usize = memory.data<f32>(
  [
    -2.72614225801306e-10,
    2.77068142495902e-8,
    -2.10102402082508e-6,
    -5.69250639462346e-5,
    -7.34990630326855e-4,
    -2.95459980854025e-3,
    -1.60960333262415e-2,
    -1.45660718464996e-5,
    -2.13374055278905e-4,
    -1.68282697438203e-3,
    -7.37332916720468e-3,
    -1.42647390514189e-2,
    3.92,
  ],
  16,
);

// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = entry(TABLE, 0);
  p = madd(p, z, entry(TABLE, 1));
  p = madd(p, z, entry(TABLE, 2));
  p = madd(p, z, entry(TABLE, 3));
  p = madd(p, z, entry(TABLE, 4));
  p = madd(p, z, entry(TABLE, 5));
  p = madd(p, z, entry(TABLE, 6));
  let q = entry(TABLE, 7);
  q = madd(q, z, entry(TABLE, 8));
  q = madd(q, z, entry(TABLE, 9));
  q = madd(q, z, entry(TABLE, 10));
  q = madd(q, z, entry(TABLE, 11));
  return beyond(x, entry(TABLE, 12), f32x4.mul(x, f32x4.div(p, q)));
}
