import type { AttentionDims, TypedArray, View } from "@muladd/tensor";

interface Operands {
  readonly q: View;
  readonly k: View;
  readonly v: View;
}
type Memory = (view: View) => TypedArray;

/** Element (b, t, h, 0) of a view (B, T, H, D) whose last axis has stride 1. */
const at = ({ offset, strides }: View, b: number, t: number, h: number) =>
  offset + b * strides[0]! + t * strides[1]! + h * strides[2]!;

/** Calls `visit` for each query: its place, and the keys that it sees, `from` … `to` − 1. */
function queries(
  { q, k }: Operands,
  { causal, window = Infinity }: AttentionDims,
  visit: (b: number, t: number, h: number, keyHead: number, from: number, to: number) => void,
): void {
  const [B, T, H] = q.shape as [number, number, number];
  const [, S, K] = k.shape as [number, number, number];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) {
        const to = causal ? S - T + t + 1 : S;
        visit(b, t, h, Math.floor(h / (H / K)), Math.max(to - window, 0), to);
      }
}

/** Σ_d x[i + d] · y[j + d] */
function dot(x: TypedArray, i: number, y: TypedArray, j: number, n: number): number {
  let total = 0;
  for (let d = 0; d < n; d++) total += x[i + d]! * y[j + d]!;
  return total;
}

/** See `attention` in the kernels' interface. */
export function attention(
  out: TypedArray,
  logSum: TypedArray,
  views: Operands,
  of: Memory,
  dims: AttentionDims,
): void {
  const { scale } = dims;
  const { q, k, v } = views;
  const [, T, H, D] = q.shape as [number, number, number, number];
  const [mq, mk, mv] = [of(q), of(k), of(v)];
  queries(views, dims, (b, t, h, kh, from, to) => {
    const s = new Float64Array(to - from);
    for (let j = from; j < to; j++)
      s[j - from] = scale * dot(mq, at(q, b, t, h), mk, at(k, b, j, kh), D);
    const top = s.reduce((a, x) => Math.max(a, x), -Infinity);
    const total = s.reduce((a, x) => a + Math.exp(x - top), 0);
    const log = top + Math.log(total);
    logSum[(b * H + h) * T + t] = log;
    for (let d = 0; d < D; d++) {
      let y = 0;
      for (let j = from; j < to; j++) y += Math.exp(s[j - from]! - log) * mv[at(v, b, j, kh) + d]!;
      out[((b * T + t) * H + h) * D + d] = y;
    }
  });
}

/** P = exp(s − logSum); dv = Pᵀg; ds = P ∘ (g·vᵀ − Σ g∘out); dq = scale · ds·k; dk = scale · dsᵀ·q */
export function attentionGrad(
  grads: Operands,
  views: Operands,
  out: TypedArray,
  logSum: TypedArray,
  g: TypedArray,
  of: Memory,
  dims: AttentionDims,
): void {
  const { scale } = dims;
  const { q, k, v } = views;
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [, S, K] = k.shape as [number, number, number];
  const [mq, mk, mv] = [of(q), of(k), of(v)];
  const [dq, dk, dv] = [of(grads.q), of(grads.k), of(grads.v)];
  const clear = (m: TypedArray, view: View, rows: number, heads: number) => {
    for (let b = 0; b < B; b++)
      for (let t = 0; t < rows; t++)
        for (let h = 0; h < heads; h++) m.fill(0, at(view, b, t, h), at(view, b, t, h) + D);
  };
  clear(dq, grads.q, T, H);
  clear(dk, grads.k, S, K);
  clear(dv, grads.v, S, K);
  queries(views, dims, (b, t, h, kh, from, to) => {
    const gy = ((b * T + t) * H + h) * D;
    const log = logSum[(b * H + h) * T + t]!;
    const inner = dot(g, gy, out, gy, D);
    const iq = at(q, b, t, h);
    for (let j = from; j < to; j++) {
      const [ik, iv] = [at(k, b, j, kh), at(v, b, j, kh)];
      const p = Math.exp(scale * dot(mq, iq, mk, ik, D) - log);
      const ds = scale * p * (dot(g, gy, mv, iv, D) - inner);
      for (let d = 0; d < D; d++) {
        dq[at(grads.q, b, t, h) + d]! += ds * mk[ik + d]!;
        dk[at(grads.k, b, j, kh) + d]! += ds * mq[iq + d]!;
        dv[at(grads.v, b, j, kh) + d]! += p * g[gy + d]!;
      }
    }
  });
}
