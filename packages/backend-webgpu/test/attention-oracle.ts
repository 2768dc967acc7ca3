// What attention must compute, in float64, in the plainest words.

type Numbers = ArrayLike<number>;

export interface AttentionCase {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly D: number;
  readonly causal: boolean;
  readonly window?: number;
  readonly scale: number;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function dot(x: Numbers, i: number, y: Numbers, j: number, n: number): number {
  let total = 0;
  for (let d = 0; d < n; d++) total += x[i + d]! * y[j + d]!;
  return total;
}

/** Adds w · y[j …] to x[i …]. */
function add(x: Float64Array, i: number, w: number, y: Numbers, j: number, n: number): void {
  for (let d = 0; d < n; d++) x[i + d]! += w * y[j + d]!;
}

/** q (B, T, H, D), k and v (B, S, K, D), g (B, T, H, D), all dense. */
export function attention(c: AttentionCase, q: Numbers, k: Numbers, v: Numbers, g: Numbers) {
  const { B, T, S, H, K, D, scale } = c;
  const out = new Float64Array(B * T * H * D);
  const logSum = new Float64Array(B * H * T);
  const dq = new Float64Array(q.length);
  const dk = new Float64Array(k.length);
  const dv = new Float64Array(v.length);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) {
        const iq = ((b * T + t) * H + h) * D;
        const seen = range(c.causal ? S - T + t + 1 : S);
        const keys = seen
          .slice(-(c.window ?? S))
          .map((s) => ((b * S + s) * K + Math.floor(h / (H / K))) * D);
        const scores = keys.map((ik) => scale * dot(q, iq, k, ik, D));
        const top = scores.reduce((a, x) => Math.max(a, x), -Infinity);
        const log = top + Math.log(scores.reduce((a, x) => a + Math.exp(x - top), 0));
        logSum[(b * H + h) * T + t] = log;
        const weights = scores.map((s) => Math.exp(s - log));
        keys.forEach((ik, s) => void add(out, iq, weights[s]!, v, ik, D));
        const inner = dot(g, iq, out, iq, D);
        keys.forEach((ik, s) => {
          const ds = scale * weights[s]! * (dot(g, iq, v, ik, D) - inner);
          add(dq, iq, ds, k, ik, D);
          add(dk, ik, ds, q, iq, D);
          add(dv, ik, weights[s]!, g, iq, D);
        });
      }
  return { out, logSum, dq, dk, dv };
}
