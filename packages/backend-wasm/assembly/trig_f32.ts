// sin and cos of four f32. x = n · π/2 + r in float64 (π/2 in two parts, after fdlibm's __rem_pio2f), then Cephes'
// polynomials on |r| ≤ π/4. Error ≤ 2 ulp for |x| ≤ 4e8; larger ones, ∞ and NaN go one by one through the exact reduction.
import { madd, splat } from "./simd";

const TWO_OVER_PI: f64 = 6.36619772367581382433e-1;
const HALF_PI_HIGH: f64 = 1.5707963109016418457; // 25 bits: n · HALF_PI_HIGH is exact for n < 2²⁸
const HALF_PI_LOW: f64 = 1.58932547735281966916e-8;
/** Beyond, n has too many bits. */
const LIMIT: f32 = 4e8;

/** sin (x + quarter · π/2). Each lane by itself: a row's last vector has lanes that are not its own. */
// @ts-ignore: decorator
@inline
function trig4(x: v128, quarter: i32): v128 {
  const y = fast4(x, quarter);
  if (i32x4.all_true(f32x4.le(f32x4.abs(x), splat(LIMIT)))) return y;
  return lanes4(
    either(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0), quarter),
    either(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1), quarter),
    either(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2), quarter),
    either(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3), quarter),
  );
}

// @ts-ignore: decorator
@inline
function lanes4(a: f32, b: f32, c: f32, d: f32): v128 {
  const low = f32x4.replace_lane(splat(a), 1, b);
  return f32x4.replace_lane(f32x4.replace_lane(low, 2, c), 3, d);
}

function either(x: f32, y: f32, quarter: i32): f32 {
  if (abs(x) <= LIMIT) return y;
  return quarter ? NativeMathf.cos(x) : NativeMathf.sin(x);
}

/** For |x| ≤ LIMIT. */
// @ts-ignore: decorator
@inline
function fast4(x: v128, quarter: i32): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3));
  const nLow = f64x2.nearest(f64x2.mul(low, f64x2.splat(TWO_OVER_PI)));
  const nHigh = f64x2.nearest(f64x2.mul(high, f64x2.splat(TWO_OVER_PI)));
  const r = i64x2.shuffle(
    f32x4.demote_f64x2_zero(reduce(low, nLow)),
    f32x4.demote_f64x2_zero(reduce(high, nHigh)),
    0,
    2,
  );
  const n = i32x4.add(
    i64x2.shuffle(
      i32x4.trunc_sat_f64x2_s_zero(nLow),
      i32x4.trunc_sat_f64x2_s_zero(nHigh),
      0,
      2,
    ),
    i32x4.splat(quarter),
  );
  const z = f32x4.mul(r, r);
  let s = splat(-1.9515295891e-4);
  s = madd(s, z, splat(8.3321608736e-3));
  s = madd(s, z, splat(-1.6666654611e-1));
  s = madd(f32x4.mul(s, z), r, r);
  let c = splat(2.443315711809948e-5);
  c = madd(c, z, splat(-1.388731625493765e-3));
  c = madd(c, z, splat(4.166664568298827e-2));
  c = madd(c, f32x4.mul(z, z), madd(z, splat(-0.5), splat(1)));
  const y = v128.bitselect(c, s, i32x4.ne(v128.and(n, i32x4.splat(1)), i32x4.splat(0)));
  return v128.xor(y, i32x4.shl(v128.and(n, i32x4.splat(2)), 30));
}

// @ts-ignore: decorator
@inline
function reduce(x: v128, n: v128): v128 {
  const r = f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_HIGH)));
  return f64x2.sub(r, f64x2.mul(n, f64x2.splat(HALF_PI_LOW)));
}

export function sin4(x: v128): v128 {
  return trig4(x, 0);
}

export function cos4(x: v128): v128 {
  return trig4(x, 1);
}
