/**
 * Functions that WGSL leaves inexact or undefined at the ends: its exp loses 60 ulp by x = 80, its tanh may be NaN from 88 on,
 * its sin is good to 2⁻¹¹ only, and `x != x` may be compiled away. https://www.w3.org/TR/WGSL/#floating-point-accuracy
 */

/** Infinity has no literal, and a constant expression may not make one. */
export const special = /* wgsl */ `
var<private> infinityBits: u32 = 0x7f800000u;
var<private> nanBits: u32 = 0x7fc00000u;
fn infinity() -> f32 { return bitcast<f32>(infinityBits); }
fn nan() -> f32 { return bitcast<f32>(nanBits); }
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn isInfinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }
/** NaN when either is. */
fn maxOrNan(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }
`;

/** eˣ to a few ulp, for all x; e^NaN is NaN. */
export const exp = /* wgsl */ `
fn expOf(x: f32) -> f32 {
  let k = round(clamp(x, -104.0, 89.0) * 1.44269504);
  let r = fma(-k, -2.12194440e-4, fma(-k, 0.693359375, clamp(x, -104.0, 89.0)));
  let half = i32(k) / 2; // 2^128 is no float
  let y = ldexp(ldexp(exp(r), half), i32(k) - half);
  return select(select(y, infinity(), x > 88.7228394), x, isNan(x));
}
`;

export const tanh = /* wgsl */ `
fn tanhOf(x: f32) -> f32 { return select(tanh(clamp(x, -15.0, 15.0)), x, isNan(x)); }
`;

/** Abramowitz & Stegun 7.1.26: absolute error below 1.5e-7. */
export const erf = /* wgsl */ `
fn erfOf(x: f32) -> f32 {
  let a = min(abs(x), 6.0);
  let t = 1.0 / fma(0.3275911, a, 1.0);
  let q = fma(fma(fma(fma(1.061405429, t, -1.453152027), t, 1.421413741), t, -0.284496736), t, 0.254829592);
  return select(sign(x) * (1.0 - q * t * exp(-a * a)), x, isNan(x));
}
`;

/**
 * sin and cos: multiples of π/2 are taken off in three parts, of which two have so few bits that their products are exact
 * (Cody & Waite 1980), with fma or without; a polynomial does the rest. Good to |x| = 10⁴.
 */
export const trigonometry = /* wgsl */ `
fn sinOfQuadrant(x: f32, turn: i32) -> f32 {
  let k = round(x * 0.636619772);
  let r = ((x - k * 1.5703125) - k * 4.837512969970703125e-4) - k * 7.54978995489188216e-8;
  let z = r * r;
  let s = fma(fma(fma(fma(2.60831598e-6, z, -1.98107402e-4), z, 8.33307858e-3), z, -0.166666597) * z, r, r);
  let c = fma(fma(fma(fma(2.38902787e-5, z, -1.38833525e-3), z, 4.16665673e-2), z, -0.5), z, 1.0);
  let quadrant = i32(k) + turn;
  let y = select(s, c, (quadrant & 1) != 0);
  return select(select(y, -y, (quadrant & 2) != 0), nan(), isNan(x) || isInfinite(x));
}
fn sinOf(x: f32) -> f32 { return sinOfQuadrant(x, 0); }
fn cosOf(x: f32) -> f32 { return sinOfQuadrant(x, 1); }
`;
