// adamW, in place, one pass. With ĝ = g · gradScale: m ← β₁m + (1−β₁)ĝ, v ← β₂v + (1−β₂)ĝ²,
// p ← p(1 − rate·decay) − rate · (m/c₁) / (√(v/c₂) + ε). A gradScale of NaN changes nothing.
// Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101. 28 bytes an element: 1.5 G elements/s,
// 43 GB/s, on 400 thousand; 1.8 on Node 24, widened or not (2-core x86-64 (Xeon), Node 20).
import { madd, splat, storeTail } from "./simd";

// @ts-ignore: decorator
@inline
function updated(p: v128, m: v128, v: v128, keep: v128, rate: v128, root: v128, eps: v128): v128 {
  const below = madd(f32x4.sqrt(v), root, eps);
  return f32x4.sub(f32x4.mul(p, keep), f32x4.div(f32x4.mul(m, rate), below));
}

/** `rate` is rate/c₁ and `root` 1/√c₂; `keep` is 1 − rate·decay. */
export function adamw_f32(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: u32,
  gradScale: usize,
  rate: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  epsilon: f32,
  keep: f32,
  root: f32,
): void {
  const factor = load<f32>(gradScale);
  if (factor != factor) return;
  const k = splat(factor);
  const b1 = splat(beta1);
  const r1 = splat(rest1);
  const b2 = splat(beta2);
  const r2 = splat(rest2);
  const c = splat(root);
  const e = splat(epsilon);
  const s = splat(rate);
  const w = splat(keep);
  while (n >= 8) {
    const g0 = f32x4.mul(v128.load(g), k);
    const g1 = f32x4.mul(v128.load(g, 16), k);
    const m0 = madd(v128.load(m), b1, f32x4.mul(g0, r1));
    const m1 = madd(v128.load(m, 16), b1, f32x4.mul(g1, r1));
    const v0 = madd(v128.load(v), b2, f32x4.mul(f32x4.mul(g0, g0), r2));
    const v1 = madd(v128.load(v, 16), b2, f32x4.mul(f32x4.mul(g1, g1), r2));
    const p0 = updated(v128.load(p), m0, v0, w, s, c, e);
    const p1 = updated(v128.load(p, 16), m1, v1, w, s, c, e);
    v128.store(m, m0);
    v128.store(m, m1, 16);
    v128.store(v, v0);
    v128.store(v, v1, 16);
    v128.store(p, p0);
    v128.store(p, p1, 16);
    p += 32;
    m += 32;
    v += 32;
    g += 32;
    n -= 8;
  }
  while (n) {
    const grad = f32x4.mul(v128.load(g), k);
    const first = madd(v128.load(m), b1, f32x4.mul(grad, r1));
    const second = madd(v128.load(v), b2, f32x4.mul(f32x4.mul(grad, grad), r2));
    const next = updated(v128.load(p), first, second, w, s, c, e);
    if (n < 4) {
      storeTail(m, first, n);
      storeTail(v, second, n);
      storeTail(p, next, n);
      return;
    }
    v128.store(m, first);
    v128.store(v, second);
    v128.store(p, next);
    p += 16;
    m += 16;
    v += 16;
    g += 16;
    n -= 4;
  }
}
