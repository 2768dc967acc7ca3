// tanh of four f32: x P(x²) / Q(x²) on [−7.9, 7.9], beyond it ±1 exactly. Coefficients from Eigen
// (https://gitlab.com/libeigen/eigen, ptanh_float). Error ≤ 5 ulp.
import { beyond, madd, splat } from "./simd";

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = splat(-2.76076847742355e-16);
  p = madd(p, z, splat(2.00018790482477e-13));
  p = madd(p, z, splat(-8.60467152213735e-11));
  p = madd(p, z, splat(5.12229709037114e-8));
  p = madd(p, z, splat(1.48572235717979e-5));
  p = madd(p, z, splat(6.37261928875436e-4));
  p = madd(p, z, splat(4.89352455891786e-3));
  let q = splat(1.19825839466702e-6);
  q = madd(q, z, splat(1.18534705686654e-4));
  q = madd(q, z, splat(2.268434632439e-3));
  q = madd(q, z, splat(4.89352518554385e-3));
  return beyond(x, 7.90531110763549805, f32x4.mul(x, f32x4.div(p, q)));
}
