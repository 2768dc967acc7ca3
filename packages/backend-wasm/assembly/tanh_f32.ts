// tanh of four f32: x P(x²) / Q(x²) on [−7.9, 7.9], beyond it ±1 exactly. Coefficients from Eigen
// (https://gitlab.com/libeigen/eigen, ptanh_float). Error ≤ 5 ulp.
import { beyond, entry, madd } from "./simd";

/** The coefficients of P and of Q, highest power first, and the bound. */
const TABLE: usize = memory.data<f32>(
  [
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-8,
    1.48572235717979e-5,
    6.37261928875436e-4,
    4.89352455891786e-3,
    1.19825839466702e-6,
    1.18534705686654e-4,
    2.268434632439e-3,
    4.89352518554385e-3,
    7.90531110763549805,
  ],
  16,
);

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
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
  return beyond(x, entry(TABLE, 11), f32x4.mul(x, f32x4.div(p, q)));
}
