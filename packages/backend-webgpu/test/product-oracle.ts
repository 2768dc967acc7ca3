// What products must compute, in float64, in the plainest words.
import type { Activation, MatmulDims } from "@muladd/tensor";

/** The products, and of each number the sum of its terms' magnitudes, which bounds its rounding. */
export function matmul(a: ArrayLike<number>, b: ArrayLike<number>, dims: MatmulDims) {
  const { batch, m, k, n, transposeA, transposeB } = dims;
  const values = new Float64Array(batch * m * n);
  const magnitudes = new Float64Array(batch * m * n);
  const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
  const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
  for (let s = 0; s < batch; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let [total, size] = [0, 0];
        for (let p = 0; p < k; p++) {
          const x = a[s * m * k + i * aRow + p * aColumn]! * b[s * k * n + p * bRow + j * bColumn]!;
          total += x;
          size += Math.abs(x);
        }
        values[(s * m + i) * n + j] = total;
        magnitudes[(s * m + i) * n + j] = size;
      }
  return { values, magnitudes };
}

/** erf by its Taylor series, good to 1e-12 for |x| < 4. Abramowitz & Stegun 7.1.6 */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

const value: Record<Activation, (x: number) => number> = {
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

export const activate = (name: Activation | undefined, x: number): number =>
  name ? value[name](x) : x;

/** By a difference that is good to 1e-9. */
export const slope = (name: Activation, x: number): number =>
  (value[name](x + 1e-4) - value[name](x - 1e-4)) / 2e-4;

export interface LossOperands {
  readonly hidden: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly targets: readonly number[];
  readonly C: number;
  readonly V: number;
  readonly scale: number;
}

/** Loss, and the gradients of the hidden states and of the weight. */
export function linearCrossEntropy({ hidden, weight, targets, C, V, scale }: LossOperands) {
  const dhidden = new Float64Array(targets.length * C);
  const dweight = new Float64Array(V * C);
  let loss = 0;
  for (const [r, target] of targets.entries()) {
    if (target < 0) continue;
    const logits = new Float64Array(V);
    for (let j = 0; j < V; j++)
      for (let i = 0; i < C; i++) logits[j]! += hidden[r * C + i]! * weight[j * C + i]!;
    const logSum = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    loss += target < V ? logSum - logits[target]! : Number.NaN;
    for (let j = 0; j < V; j++) {
      const d = scale * (Math.exp(logits[j]! - logSum) - Number(j === target));
      for (let i = 0; i < C; i++) {
        dhidden[r * C + i]! += d * weight[j * C + i]!;
        dweight[j * C + i]! += d * hidden[r * C + i]!;
      }
    }
  }
  return { loss: scale * loss, dhidden, dweight };
}
