// exp of four f32. x = n · ln 2 + r, |r| ≤ ½ ln 2; exp r by Cephes' polynomial of degree 7 (Moshier,
// https://www.netlib.org/cephes/, expf.c); times 2ⁿ by adding to the exponent. Error ≤ 2 ulp. 1.0 G elements/s; with FMA 1.35
// (2-core x86-64 (Xeon), Node 20 and 24; Node 24 had 0.66 with constants in the code).
import { entry, madd } from "./simd";

const TABLE: usize = memory.data<f32>(
  [
    12582912.0, // 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits
    1.44269504088896341, // 1 / ln 2
    // −ln 2 in two parts; the first has few bits, so that n times it is exact.
    -0.693359375,
    2.12194440e-4,
    // The polynomial, highest power first.
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
    1.0,
    // Where exp is ∞, 0, and below 2⁻¹²⁶.
    89.0,
    -104.5,
    -87.3,
  ],
  16,
);
/** The bias of an exponent. */
const BIAS: usize = memory.data<i32>([127], 16);

/** exp r for |r| ≤ ½ ln 2. */
// @ts-ignore: decorator
@inline
function expReduced(r: v128): v128 {
  let p = entry(TABLE, 4);
  p = madd(p, r, entry(TABLE, 5));
  p = madd(p, r, entry(TABLE, 6));
  p = madd(p, r, entry(TABLE, 7));
  p = madd(p, r, entry(TABLE, 8));
  p = madd(p, r, entry(TABLE, 9));
  return f32x4.add(madd(p, f32x4.mul(r, r), r), entry(TABLE, 10));
}

/** n = x / ln 2, rounded, in the low bits of the result. */
// @ts-ignore: decorator
@inline
function shifted(x: v128): v128 {
  return madd(x, entry(TABLE, 1), entry(TABLE, 0));
}

/** x − n · ln 2. */
// @ts-ignore: decorator
@inline
function remainder(x: v128, t: v128): v128 {
  const n = f32x4.sub(t, entry(TABLE, 0));
  return madd(n, entry(TABLE, 3), madd(n, entry(TABLE, 2), x));
}

/** exp x, subnormal results included. NaN → NaN, −∞ → 0, > 88.72 → ∞. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // pmin(x, c) is c < x ? c : x, so NaN passes.
  x = f32x4.pmax(f32x4.pmin(x, entry(TABLE, 11)), entry(TABLE, 12));
  const t = shifted(x);
  // 2ⁿ in two factors: n reaches from −151 to 128, an exponent only from −126 to 127.
  const e = i32x4.sub(t, entry(TABLE, 0));
  const half = i32x4.shr_s(e, 1);
  const one = entry(BIAS, 0);
  const y = f32x4.mul(expReduced(remainder(x, t)), i32x4.shl(i32x4.add(half, one), 23));
  return f32x4.mul(y, i32x4.shl(i32x4.add(i32x4.sub(e, half), one), 23));
}

/** exp x for x ≤ about 0, as softmax needs it: results below 2⁻¹²⁶ are 0, since subnormals are slow and add nothing. */
// @ts-ignore: decorator
@inline
export function expNegative4(x: v128): v128 {
  const t = shifted(x);
  const e = i32x4.shl(i32x4.add(i32x4.sub(t, entry(TABLE, 0)), entry(BIAS, 0)), 23);
  const y = f32x4.mul(expReduced(remainder(x, t)), e);
  return v128.andnot(y, f32x4.lt(x, entry(TABLE, 13)));
}
