import {
  type Activation,
  type BufferId,
  type Dense,
  type FusedKernels,
  type TypedArray,
  unpack,
} from "@muladd/tensor";
import { attention, attentionGrad } from "./attention.ts";
import { erf } from "./special.ts";

/** A function of one number and its derivative. */
interface Curve {
  value(x: number): number;
  slope(x: number): number;
}

const gelu: Curve = {
  value: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  slope: (x) =>
    0.5 * (1 + erf(x * Math.SQRT1_2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
};

const A = Math.sqrt(2 / Math.PI);
const B = 0.044715;
const geluTanh: Curve = {
  value: (x) => 0.5 * x * (1 + Math.tanh(A * x * (1 + B * x * x))),
  slope: (x) => {
    const t = Math.tanh(A * x * (1 + B * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * A * (1 + 3 * B * x * x);
  },
};

const curves: Readonly<Record<Activation, Curve>> = { gelu, geluTanh };

/** Rows and their width: everything over the last axis. */
const lastAxis = (x: Dense): [rows: number, width: number] => {
  const width = x.shape.at(-1)!;
  let rows = 1;
  for (const d of x.shape.slice(0, -1)) rows *= d;
  return [rows, width];
};

/** What each fused kernel must compute, row by row, in double precision between load and store. */
export function fusedKernels(memory: (buffer: BufferId) => TypedArray): FusedKernels {
  const of = (x: Dense) => memory(x.buffer);
  const activate = (f: Curve, out: Dense, slope: Dense | undefined, x: Dense) => {
    const [o, a, s] = [of(out), of(x), slope && of(slope)];
    for (let i = 0; i < o.length; i++) {
      if (s) s[i] = f.slope(a[i]!);
      o[i] = f.value(a[i]!);
    }
  };

  const linearRows = (
    out: Dense,
    slope: Dense | undefined,
    x: Dense,
    w: TypedArray,
    bias: Dense | undefined,
    residual: Dense | undefined,
    activation: Activation | undefined,
  ) => {
    const [o, a] = [of(out), of(x)];
    const [b, d, p] = [bias && of(bias), slope && of(slope), residual && of(residual)];
    const f = activation && curves[activation];
    const [rows, I] = lastAxis(x);
    const O = out.shape.at(-1)!;
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < O; j++) {
        let total = b?.[j] ?? 0;
        for (let i = 0; i < I; i++) total += a[r * I + i]! * w[j * I + i]!;
        const at = r * O + j;
        if (d) d[at] = f!.slope(total);
        o[at] = (f ? f.value(total) : total) + (p?.[at] ?? 0);
      }
  };

  return {
    softmax(out, x) {
      const [o, a] = [of(out), of(x)];
      const [rows, n] = lastAxis(x);
      for (let r = 0; r < rows; r++) {
        const at = r * n;
        let top = -Infinity;
        for (let i = 0; i < n; i++) top = Math.max(top, a[at + i]!);
        let total = 0;
        for (let i = 0; i < n; i++) total += Math.exp(a[at + i]! - top);
        for (let i = 0; i < n; i++) o[at + i] = Math.exp(a[at + i]! - top) / total;
      }
    },
    softmaxGrad(dx, y, g) {
      const [o, p, gy] = [of(dx), of(y), of(g)];
      const [rows, n] = lastAxis(y);
      for (let r = 0; r < rows; r++) {
        let inner = 0;
        for (let i = r * n; i < (r + 1) * n; i++) inner += gy[i]! * p[i]!;
        for (let i = r * n; i < (r + 1) * n; i++) o[i] = p[i]! * (gy[i]! - inner);
      }
    },
    gelu: (out, slope, x) => activate(gelu, out, slope, x),
    geluTanh: (out, slope, x) => activate(geluTanh, out, slope, x),
    swiglu(out, gate, up) {
      const [o, a, u] = [of(out), of(gate), of(up)];
      for (let i = 0; i < o.length; i++) o[i] = (a[i]! / (1 + Math.exp(-a[i]!))) * u[i]!;
    },
    swigluGrad(dgate, dup, gate, up, g) {
      const [da, du, a, u, gy] = [of(dgate), of(dup), of(gate), of(up), of(g)];
      for (let i = 0; i < da.length; i++) {
        const x = a[i]!;
        const s = 1 / (1 + Math.exp(-x));
        da[i] = gy[i]! * u[i]! * s * (1 + x * (1 - s));
        du[i] = gy[i]! * x * s;
      }
    },
    layerNorm(out, mean, rstd, x, gain, bias, epsilon) {
      const [o, m, s, a, w] = [of(out), of(mean), of(rstd), of(x), of(gain)];
      const b = bias && of(bias);
      const [rows, n] = lastAxis(x);
      for (let r = 0; r < rows; r++) {
        const at = r * n;
        let total = 0;
        for (let i = 0; i < n; i++) total += a[at + i]!;
        const mu = total / n;
        let squares = 0;
        for (let i = 0; i < n; i++) squares += (a[at + i]! - mu) ** 2;
        const scale = 1 / Math.sqrt(squares / n + epsilon);
        for (let i = 0; i < n; i++) o[at + i] = (a[at + i]! - mu) * scale * w[i]! + (b?.[i] ?? 0);
        m[r] = mu;
        s[r] = scale;
      }
    },
    layerNormGrad(dx, dgain, dbias, x, gain, mean, rstd, g) {
      const [m, s] = [of(mean), of(rstd)];
      normGrad(of(dx), of(dgain), of(x), of(gain), s, of(g), lastAxis(x), (r) => m[r]!, true);
      if (!dbias) return;
      const [db, gy] = [of(dbias), of(g)];
      const [rows, n] = lastAxis(x);
      for (let i = 0; i < n; i++) {
        let total = 0;
        for (let r = 0; r < rows; r++) total += gy[r * n + i]!;
        db[i] = total;
      }
    },
    rmsNorm(out, rstd, x, gain, epsilon) {
      const [o, s, a, w] = [of(out), of(rstd), of(x), of(gain)];
      const [rows, n] = lastAxis(x);
      for (let r = 0; r < rows; r++) {
        let squares = 0;
        for (let i = r * n; i < (r + 1) * n; i++) squares += a[i]! ** 2;
        const scale = 1 / Math.sqrt(squares / n + epsilon);
        for (let i = 0; i < n; i++) o[r * n + i] = a[r * n + i]! * scale * w[i]!;
        s[r] = scale;
      }
    },
    rmsNormGrad(dx, dgain, x, gain, rstd, g) {
      const s = of(rstd);
      normGrad(of(dx), of(dgain), of(x), of(gain), s, of(g), lastAxis(x), () => 0, false);
    },
    crossEntropy(losses, logSum, logits, targets) {
      const [o, s, a, t] = [of(losses), of(logSum), of(logits), of(targets)];
      const [rows, V] = lastAxis(logits);
      for (let r = 0; r < rows; r++) {
        const at = r * V;
        let top = -Infinity;
        for (let i = 0; i < V; i++) top = Math.max(top, a[at + i]!);
        let total = 0;
        for (let i = 0; i < V; i++) total += Math.exp(a[at + i]! - top);
        const sum = top + Math.log(total);
        s[r] = sum;
        const target = t[r]!;
        o[r] = target < 0 ? 0 : target < V ? sum - a[at + target]! : Number.NaN;
      }
    },
    crossEntropyGrad(dlogits, logits, targets, logSum, g) {
      const [o, a, t, s, gy] = [of(dlogits), of(logits), of(targets), of(logSum), of(g)];
      const [rows, V] = lastAxis(logits);
      for (let r = 0; r < rows; r++)
        for (let i = 0; i < V; i++) {
          const at = r * V + i;
          const p = Math.exp(a[at]! - s[r]!) - Number(i === t[r]);
          o[at] = t[r]! < 0 ? 0 : gy[r]! * p;
        }
    },
    linear: (out, slope, x, weight, bias, residual, activation) =>
      linearRows(out, slope, x, of(weight), bias, residual, activation),
    linearPacked: (out, x, { format, shape, words, scales }, bias, residual, activation) => {
      const wide = unpack(format, { words: of(words), scales: scales && of(scales) }, shape[1]);
      linearRows(out, undefined, x, wide, bias, residual, activation);
    },
    gatherPacked(out, { format, shape, words, scales }, ids) {
      const [rows, width] = shape;
      const wide = unpack(format, { words: of(words), scales: scales && of(scales) }, width);
      const o = of(out);
      of(ids).forEach((id, i) => {
        if (id < 0 || id >= rows) o.fill(Number.NaN, i * width, (i + 1) * width);
        else o.set(wide.subarray(id * width, (id + 1) * width), i * width);
      });
    },
    linearCrossEntropy(loss, dhidden, dweight, hidden, weight, targets, scale) {
      const [x, w, t] = [of(hidden), of(weight), of(targets)];
      const grads = dhidden && dweight && ([of(dhidden), of(dweight)] as const);
      const [rows, C] = lastAxis(hidden);
      const V = weight.shape[0]!;
      for (const d of grads ?? []) d.fill(0);
      const logits = new Float64Array(V);
      let total = 0;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < V; j++) {
          let dot = 0;
          for (let i = 0; i < C; i++) dot += x[r * C + i]! * w[j * C + i]!;
          logits[j] = dot;
        }
        const target = t[r]!;
        if (target < 0) continue;
        const top = logits.reduce((a, v) => Math.max(a, v), -Infinity);
        const logSum = top + Math.log(logits.reduce((a, v) => a + Math.exp(v - top), 0));
        total += target < V ? logSum - logits[target]! : Number.NaN;
        if (!grads) continue;
        const [dx, dw] = grads;
        for (let j = 0; j < V; j++) {
          const d = scale * (Math.exp(logits[j]! - logSum) - Number(j === target));
          for (let i = 0; i < C; i++) {
            dx[r * C + i]! += d * w[j * C + i]!;
            dw[j * C + i]! += d * x[r * C + i]!;
          }
        }
      }
      of(loss)[0] = scale * total;
    },
    rotary(out, x, table, { heads, start, inverse }) {
      const [o, a, angles] = [of(out), of(x), of(table)];
      const [, T, W] = x.shape as [number, number, number];
      const D = table.shape[1]!;
      o.set(a);
      for (let r = 0; r * W < a.length; r++)
        for (let h = 0; h < heads; h++)
          for (let i = 0; i < D / 2; i++) {
            const [at, pair] = [r * W + h * D + i, r * W + h * D + i + D / 2];
            const angle = (start + (r % T)) * D + i;
            const c = angles[angle]!;
            const s = inverse ? -angles[angle + D / 2]! : angles[angle + D / 2]!;
            o[at] = c * a[at]! - s * a[pair]!;
            o[pair] = c * a[pair]! + s * a[at]!;
          }
    },
    attention: (out, logSum, q, k, v, dims) =>
      attention(of(out), of(logSum), { q, k, v }, of, dims),
    attentionGrad: (dq, dk, dv, q, k, v, out, logSum, g, dims) =>
      attentionGrad({ q: dq, k: dk, v: dv }, { q, k, v }, of(out), of(logSum), of(g), of, dims),
    squaredNorm(out, xs) {
      let total = 0;
      for (const x of xs) for (const v of of(x)) total += v * v;
      of(out)[0] = total;
    },
    adamW(p, m, v, g, gradScale, step) {
      const [x, m1, v1, gy] = [of(p), of(m), of(v), of(g)];
      const scale = of(gradScale)[0]!;
      if (Number.isNaN(scale)) return;
      const { rate, beta1, beta2, epsilon, decay, correction1, correction2 } = step;
      for (let i = 0; i < x.length; i++) {
        const gi = gy[i]! * scale;
        m1[i] = beta1 * m1[i]! + (1 - beta1) * gi;
        v1[i] = beta2 * v1[i]! + (1 - beta2) * gi * gi;
        const update = m1[i]! / correction1 / (Math.sqrt(v1[i]! / correction2) + epsilon);
        x[i] = x[i]! * (1 - rate * decay) - rate * update;
      }
    },
  };
}

/** dx = rstd (gg − mean gg − x̂ · mean(gg∘x̂)), gg = g∘gain; without centring the mean of gg stays. dgain = Σ_rows g∘x̂. */
function normGrad(
  dx: TypedArray,
  dgain: TypedArray,
  x: TypedArray,
  gain: TypedArray,
  rstd: TypedArray,
  g: TypedArray,
  [rows, n]: readonly [number, number],
  mean: (row: number) => number,
  centred: boolean,
): void {
  const totals = new Float64Array(n);
  for (let r = 0; r < rows; r++) {
    const at = r * n;
    const [mu, s] = [mean(r), rstd[r]!];
    let sumG = 0;
    let sumGx = 0;
    for (let i = 0; i < n; i++) {
      const xhat = (x[at + i]! - mu) * s;
      const gg = g[at + i]! * gain[i]!;
      sumG += gg;
      sumGx += gg * xhat;
      totals[i]! += g[at + i]! * xhat;
    }
    for (let i = 0; i < n; i++) {
      const xhat = (x[at + i]! - mu) * s;
      const gg = g[at + i]! * gain[i]!;
      dx[at + i] = s * (gg - (centred ? sumG / n : 0) - (xhat * sumGx) / n);
    }
  }
  dgain.set(totals);
}
