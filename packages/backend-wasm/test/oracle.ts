// What the kernels must compute, in float64, in the plainest words.

/** erf by its Taylor series (|x| < 3) or the continued fraction of erfc. Abramowitz & Stegun 7.1.6, 7.1.14. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = x;
    let total = x;
    for (let n = 1; n < 100; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      total += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
}

type Numbers = ArrayLike<number>;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
export const rowsOf = (x: readonly number[], n: number): number[][] =>
  n === 0 ? [] : range(x.length / n).map((r) => x.slice(r * n, (r + 1) * n));

export function matmul(
  a: Numbers,
  b: Numbers,
  {
    batch,
    m,
    k,
    n,
    transposeA,
    transposeB,
  }: {
    batch: number;
    m: number;
    k: number;
    n: number;
    transposeA: boolean;
    transposeB: boolean;
  },
): Float64Array {
  const out = new Float64Array(batch * m * n);
  for (let s = 0; s < batch; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let p = 0; p < k; p++)
          total +=
            a[s * m * k + (transposeA ? p * m + i : i * k + p)]! *
            b[s * k * n + (transposeB ? j * k + p : p * n + j)]!;
        out[(s * m + i) * n + j] = total;
      }
  return out;
}

export function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const e = row.map((x) => Math.exp(x - top));
  const total = sum(e);
  return e.map((x) => x / total);
}

export function softmaxGrad(y: readonly number[], g: readonly number[]): number[] {
  const inner = sum(y.map((v, i) => v * g[i]!));
  return y.map((v, i) => v * (g[i]! - inner));
}

export const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
export const geluSlope = (x: number): number =>
  0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
export const geluTanh = (x: number): number => 0.5 * x * (1 + Math.tanh(inner(x)));
export const geluTanhSlope = (x: number): number => {
  const t = Math.tanh(inner(x));
  return (
    0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x)
  );
};

/** Mean (0 for an RMS norm) and 1/σ of a row. */
export function moments(
  row: readonly number[],
  epsilon: number,
  centred: boolean,
): [number, number] {
  const mean = centred ? sum(row) / row.length : 0;
  const variance = sum(row.map((x) => (x - mean) ** 2)) / row.length;
  return [mean, 1 / Math.sqrt(variance + epsilon)];
}

/** Both norms' gradients: dx of a row, and the row's share of dgain. */
export function normGrad(
  row: readonly number[],
  gain: readonly number[],
  g: readonly number[],
  epsilon: number,
  centred: boolean,
): { dx: number[]; dgain: number[] } {
  const [mean, rstd] = moments(row, epsilon, centred);
  const hat = row.map((x) => (x - mean) * rstd);
  const weighted = g.map((y, i) => y * gain[i]!);
  const m0 = centred ? sum(weighted) / row.length : 0;
  const m1 = sum(weighted.map((y, i) => y * hat[i]!)) / row.length;
  return {
    dx: weighted.map((y, i) => rstd * (y - m0 - hat[i]! * m1)),
    dgain: g.map((y, i) => y * hat[i]!),
  };
}

export const logSumExp = (row: readonly number[]): number => {
  const top = Math.max(...row);
  return top + Math.log(sum(row.map((x) => Math.exp(x - top))));
};

export interface AttentionCase {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly D: number;
  readonly causal: boolean;
  readonly scale: number;
}

/** q (B, T, H, D), k and v (B, S, K, D), g (B, T, H, D), all dense. */
export function attention(c: AttentionCase, q: Numbers, k: Numbers, v: Numbers, g: Numbers) {
  const { B, T, S, H, K, D } = c;
  const out = new Float64Array(B * T * H * D);
  const logSum = new Float64Array(B * H * T);
  const dq = new Float64Array(q.length);
  const dk = new Float64Array(k.length);
  const dv = new Float64Array(v.length);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) {
        const iq = ((b * T + t) * H + h) * D;
        const key = (s: number) => ((b * S + s) * K + Math.floor(h / (H / K))) * D;
        const n = c.causal ? S - T + t + 1 : S;
        const scores = range(n).map(
          (s) => c.scale * sum(range(D).map((d) => q[iq + d]! * k[key(s) + d]!)),
        );
        const p = softmax(scores);
        logSum[(b * H + h) * T + t] = logSumExp(scores);
        for (let s = 0; s < n; s++)
          for (let d = 0; d < D; d++) out[iq + d]! += p[s]! * v[key(s) + d]!;
        const dp = range(n).map((s) => sum(range(D).map((d) => g[iq + d]! * v[key(s) + d]!)));
        const ds = softmaxGrad(p, dp).map((x) => x * c.scale);
        for (let s = 0; s < n; s++)
          for (let d = 0; d < D; d++) {
            dq[iq + d]! += ds[s]! * k[key(s) + d]!;
            dk[key(s) + d]! += ds[s]! * q[iq + d]!;
            dv[key(s) + d]! += p[s]! * g[iq + d]!;
          }
      }
  return { out, logSum, dq, dk, dv };
}

/** scale · Σ of the losses of hidden (N, C) · weight (V, C)ᵀ at the targets, negative ones ignored; and its gradients. */
export function linearCrossEntropy(
  hidden: Numbers,
  weight: Numbers,
  targets: readonly number[],
  C: number,
  scale: number,
) {
  const V = weight.length / C;
  const dhidden = new Float64Array(hidden.length);
  const dweight = new Float64Array(weight.length);
  let loss = 0;
  targets.forEach((target, r) => {
    if (target < 0) return;
    const logits = new Float64Array(V);
    for (let j = 0; j < V; j++)
      for (let i = 0; i < C; i++) logits[j]! += hidden[r * C + i]! * weight[j * C + i]!;
    const top = logits.reduce((a, x) => Math.max(a, x));
    const log = top + Math.log(logits.reduce((a, x) => a + Math.exp(x - top), 0));
    loss += scale * (log - logits[target]!);
    for (let j = 0; j < V; j++) {
      const d = scale * (Math.exp(logits[j]! - log) - Number(j === target));
      for (let i = 0; i < C; i++) {
        dhidden[r * C + i]! += d * weight[j * C + i]!;
        dweight[j * C + i]! += d * hidden[r * C + i]!;
      }
    }
  });
  return { loss, dhidden, dweight };
}
