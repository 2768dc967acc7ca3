import { erf, tanh } from "./math.ts";

/**
 * `geluOf(x)` = ½x(1 + erf(x/√2)) and its derivative `geluSlope(x)`. NaN in, NaN out; at ±∞ the slope is NaN, as
 * ∞ · 0 is. Needs `special` and {@link erf} of math.ts.
 */
export const gelu = /* wgsl */ `
fn geluOf(x: f32) -> f32 { return 0.5 * x * (1.0 + erfOf(x * 0.707106781)); }
fn geluSlope(x: f32) -> f32 {
  let near = clamp(x, -14.0, 14.0); // beyond, the density is no float
  let slope = 0.5 * (1.0 + erfOf(x * 0.707106781)) + near * exp(-0.5 * near * near) * 0.398942280;
  return select(slope, nan(), isInfinite(x));
}
`;

/**
 * `geluTanhOf(x)` = ½x(1 + tanh(√(2/π)(x + 0.044715x³))) and its derivative `geluTanhSlope(x)`. NaN in, NaN out. Needs
 * `special` and {@link tanh} of math.ts. Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415
 */
export const geluTanh = /* wgsl */ `
fn geluTanhOf(x: f32) -> f32 {
  return 0.5 * x * (1.0 + tanhOf(0.797884561 * x * fma(0.044715 * x, x, 1.0)));
}
fn geluTanhSlope(x: f32) -> f32 {
  let near = clamp(x, -14.0, 14.0); // beyond, tanh is ±1, and the square of x may overflow
  let t = tanhOf(0.797884561 * x * fma(0.044715 * x, x, 1.0));
  let slope = 0.5 * (1.0 + t) + 0.398942280 * near * (1.0 - t * t) * fma(0.134145 * near, near, 1.0);
  return select(slope, nan(), isInfinite(x));
}
`;

/** Each with what it needs but `special`. */
export const activations = { gelu: erf + gelu, geluTanh: tanh + geluTanh } as const;
