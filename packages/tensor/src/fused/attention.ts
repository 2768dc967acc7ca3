import type { AttentionDims, Dense, View } from "../backend.ts";
import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import {
  concat,
  exp,
  expand,
  full,
  greaterEqual,
  iota,
  matmul,
  mul,
  pad,
  permute,
  reshape,
  select,
  slice,
  sub,
  sum,
} from "../functions.ts";
import { tidy } from "../memory.ts";
import type { Spec } from "../ops.ts";
import { show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { softmax } from "./softmax.ts";

// B batch, T queries, S keys, H query heads, K key heads, D head width.

export interface AttentionAttrs extends AttentionDims {
  readonly heads: number;
  readonly keyHeads: number;
  /** How many leading rows of k and v are in use: the filled part of a cache. All of them when absent. */
  readonly keys?: number | undefined;
}

interface Layout {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly D: number;
  /** Rows of k and v in memory, S of them in use. */
  readonly capacity: number;
  readonly packed: boolean;
}

/** Inputs: one packed (B, T, (H + 2K)·D), or q (B, T, H·D), k and v (B, capacity, K·D). */
function layout(inputs: readonly Spec[], attrs: AttentionAttrs): Layout {
  const { heads: H, keyHeads: K, keys } = attrs;
  const [q, k, v] = inputs as [Spec, Spec?, Spec?];
  const fail = (why: string): never => {
    const shapes = inputs.map((x) => show(x.shape)).join(", ");
    throw new ShapeError(`attention: ${shapes} with ${H} heads and ${K} key heads: ${why}`);
  };
  if (inputs.some((x) => x.shape.length !== 3 || x.dtype !== "f32"))
    return fail("operands are f32 (batch, time, width)");
  const [B, T, W] = q.shape as [number, number, number];
  if (!(H > 0 && K > 0 && H % K === 0)) fail("the key heads must divide the heads");
  const packed = k === undefined;
  const D = W / (packed ? H + 2 * K : H);
  if (!Number.isInteger(D)) fail(`the width ${W} does not divide among the heads`);
  const capacity = packed ? T : k.shape[1]!;
  const wanted = show([B, capacity, K * D]);
  if (!packed && (show(k.shape) !== wanted || show(v!.shape) !== wanted))
    fail(`k and v must be ${wanted}`);
  if (packed && keys !== undefined && keys !== T) fail("keys in use apply to k and v apart");
  const S = keys ?? capacity;
  if (!(Number.isInteger(S) && S >= 0)) fail(`${S} keys in use must be a whole number`);
  if (S > capacity) fail(`${S} keys are more than the ${capacity} there are`);
  if (attrs.causal && T > S) fail(`${T} causal queries need ${T} keys, there are ${S}`);
  const { window, causal } = attrs;
  if (window !== undefined && !(Number.isInteger(window) && window > 0))
    fail(`a window of ${window} keys must be a whole number, 1 at least`);
  if (window !== undefined && !causal) fail("only causal attention has a window");
  return { B, T, S, H, K, D, capacity, packed };
}

/** The operands q, k, v, or their gradients, as windows on the inputs' memory. */
function views(operands: readonly Dense[], l: Layout): [q: View, k: View, v: View] {
  const { B, T, S, H, K, D, capacity, packed } = l;
  const [q, k = q, v = q] = operands as [Dense, Dense?, Dense?];
  const window = (
    x: Dense,
    rows: number,
    stride: number,
    heads: number,
    width: number,
    offset: number,
  ) => ({
    buffer: x.buffer,
    dtype: x.dtype,
    shape: [B, rows, heads, D],
    strides: [stride * width, width, D, 1],
    offset,
  });
  const [wq, wk] = packed ? [(H + 2 * K) * D, (H + 2 * K) * D] : [H * D, K * D];
  return [
    window(q, T, T, H, wq, 0),
    window(k, S, capacity, K, wk, packed ? H * D : 0),
    window(v, S, capacity, K, wk, packed ? (H + K) * D : 0),
  ];
}

/** q (B, H, T, D), k and v (B, H, S, D) as tensors; key heads are repeated for the query heads that share them. */
function heads(inputs: readonly Tensor[], l: Layout): [q: Tensor, k: Tensor, v: Tensor] {
  const { B, T, S, H, K, D, packed } = l;
  const [first] = inputs as [Tensor];
  const part = (from: number, n: number) => slice(first, 2, from * D, (from + n) * D);
  const [q, k, v] = packed
    ? [part(0, H), part(H, K), part(H + K, K)]
    : [first, slice(inputs[1]!, 1, 0, S), slice(inputs[2]!, 1, 0, S)];
  const spread = (x: Tensor, time: number, n: number) =>
    permute(reshape(x, [B, time, n, D]), [0, 2, 1, 3]);
  const repeat = (x: Tensor) =>
    K === H ? x : reshape(expand(reshape(x, [B, K, 1, S, D]), [B, K, H / K, S, D]), [B, H, S, D]);
  return [spread(q, T, H), repeat(spread(k, S, K)), repeat(spread(v, S, K))];
}

/** (B, H, T, D) → (B, T, H·D) */
const merge = (x: Tensor, { B, T, H, D }: Layout) =>
  reshape(permute(x, [0, 2, 1, 3]), [B, T, H * D]);

/** scale · q·kᵀ, −∞ where a query may not look: (B, H, T, S). */
function scores(q: Tensor, k: Tensor, l: Layout, { scale, causal, window }: AttentionDims): Tensor {
  const s = mul(matmul(q, k, { transposeB: true }), scale);
  if (!causal) return s;
  const { backend } = q;
  const query = iota(backend, [l.T, 1], { start: l.S - l.T });
  const key = iota(backend, [1, l.S]);
  const past = greaterEqual(query, key);
  const near = window === undefined ? past : mul(past, greaterEqual(key, sub(query, window - 1)));
  return select(near, s, full(backend, [], -Infinity));
}

/** Residual: log Σ exp of each query's scores, (B, H, T). */
export const attentionRow: FusedOp<AttentionAttrs> = {
  results: 1,
  infer: (inputs, attrs) => {
    const { B, T, H, D } = layout(inputs, attrs);
    return [
      { shape: [B, T, H * D], dtype: "f32" },
      { shape: [B, H, T], dtype: "f32" },
    ];
  },
  run: (kernels, [out, logSum], inputs, attrs) => {
    const [q, k, v] = views(inputs, layout(inputs, attrs));
    kernels.attention(out!, logSum!, q, k, v, attrs);
  },
  compose: (inputs, attrs) => {
    const l = layout(inputs, attrs);
    const [q, k, v] = heads(inputs, l);
    return [merge(matmul(softmax(scores(q, k, l, attrs)), v), l)];
  },
};

/** Inputs: those of attention, then out, logSum, g. Results: a gradient for each of those of attention. */
export const attentionGradRow: FusedOp<AttentionAttrs> = {
  results: 3,
  infer: (inputs) => inputs.slice(0, -3),
  run: (kernels, grads, inputs, attrs) => {
    const operands = inputs.slice(0, -3);
    const [out, logSum, g] = inputs.slice(-3) as [Dense, Dense, Dense];
    const l = layout(operands, attrs);
    if (l.S < l.capacity) for (const d of grads.slice(1)) kernels.fill(d, 0, 0);
    const [q, k, v] = views(operands, l);
    const [dq, dk, dv] = views(grads, l);
    kernels.attentionGrad(dq, dk, dv, q, k, v, out, logSum, g, attrs);
  },
  // P = exp(s − logSum); dV = Pᵀg; ds = P ∘ (g·Vᵀ − Σ g∘out); dQ = scale · ds·K; dK = scale · dsᵀ·Q
  compose: (inputs, attrs) => {
    const operands = inputs.slice(0, -3);
    const [out, logSum, g] = inputs.slice(-3) as [Tensor, Tensor, Tensor];
    const l = layout(operands, attrs);
    const { B, T, S, H, K, D, capacity, packed } = l;
    const [q, k, v] = heads(operands, l);
    const spread = (x: Tensor) => permute(reshape(x, [B, T, H, D]), [0, 2, 1, 3]);
    const gy = spread(g);
    const p = exp(sub(scores(q, k, l, attrs), reshape(logSum, [B, H, T, 1])));
    const inner = sum(mul(gy, spread(out)), -1);
    const ds = mul(mul(p, sub(matmul(gy, v, { transposeB: true }), inner)), attrs.scale);
    const dq = merge(matmul(ds, k), l);
    // Heads that share a key head add up, then time goes before heads.
    const gathered = (x: Tensor) => {
      const shared = reshape(sum(reshape(x, [B, K, H / K, S, D]), 2), [B, K, S, D]);
      const flat = reshape(permute(shared, [0, 2, 1, 3]), [B, S, K * D]);
      return S < capacity ? pad(flat, 1, 0, capacity) : flat;
    };
    const dk = gathered(matmul(ds, q, { transposeA: true }));
    const dv = gathered(matmul(p, gy, { transposeA: true }));
    return packed ? [concat([dq, dk, dv], 2)] : [dq, dk, dv];
  },
};

/** What {@link attention} takes beside its operands. */
export interface AttentionOptions {
  /** Query heads, H. */
  readonly heads: number;
  /** Heads of k and v, K: a divisor of H, which each serve H/K query heads. Default H. */
  readonly keyHeads?: number | undefined;
  /** Query i of T sees keys 0 … S−T+i. Default true. */
  readonly causal?: boolean | undefined;
  /** Of causal attention: only the last `window` of those keys, its own included. Default all. */
  readonly window?: number | undefined;
  /** Factor on q·k. Default 1/√D. */
  readonly scale?: number | undefined;
  /** Use only this many leading rows of k and v. */
  readonly keys?: number | undefined;
}

type Operands = readonly [qkv: Tensor] | readonly [q: Tensor, k: Tensor, v: Tensor];

function complete(operands: Operands, o: AttentionOptions): AttentionAttrs {
  const { heads, keyHeads = heads, causal = true, window, keys } = o;
  const { D } = layout(operands, { heads, keyHeads, causal, window, scale: 1, keys });
  return { heads, keyHeads, causal, window, keys, scale: o.scale ?? 1 / Math.sqrt(D) };
}

/**
 * softmax(scale · q·kᵀ) · v, head by head: q (B, T, H·D), k and v (B, S, K·D), or all packed side by side in one
 * (B, T, (H + 2K)·D) → (B, T, H·D). Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; shared key heads: Ainslie
 * et al. 2023, https://arxiv.org/abs/2305.13245. Throws {@link ShapeError} when heads do not divide widths.
 */
export const attention = (operands: Operands, options: AttentionOptions): Tensor =>
  dispatchFused("attention", attentionRow, operands, complete(operands, options))[0]!;

/** The gradients of {@link attention}'s operands, from its result, its residual logSum and the gradient g of the result. */
export const attentionGrad = (
  operands: Operands,
  attrs: AttentionAttrs,
  out: Tensor,
  logSum: Tensor,
  g: Tensor,
): readonly Tensor[] =>
  dispatchFused("attentionGrad", attentionGradRow, [...operands, out, logSum, g], attrs);

/** Who looks at whom: the softmax of {@link attention}, (B, H, T, S), each row summing to 1. */
export const attentionWeights = (operands: Operands, options: AttentionOptions): Tensor =>
  tidy(() => {
    const attrs = complete(operands, options);
    const l = layout(operands, attrs);
    const [q, k] = heads(operands, l);
    return softmax(scores(q, k, l, attrs));
  });

/** {@link attention} with its weights passed through `change` (a dropout, an ablation) before they meet v. */
export const attentionThrough = (
  operands: Operands,
  options: AttentionOptions,
  change: (weights: Tensor) => Tensor,
): Tensor =>
  tidy(() => {
    const attrs = complete(operands, options);
    const l = layout(operands, attrs);
    const [q, k, v] = heads(operands, l);
    return merge(matmul(change(softmax(scores(q, k, l, attrs))), v), l);
  });
