import { type Dense, type FusedKernels, size, type View } from "@muladd/tensor";
import type { Exports } from "./load.ts";
import { TABLE, type WasmMemory } from "./memory.ts";

/** The fused kernels, over a module and its memory. */
export function fusedKernels(e: Exports, memory: WasmMemory): FusedKernels {
  const at = (x: Dense): number => memory.address(x.buffer);
  const maybe = (x: Dense | undefined): number => (x ? memory.address(x.buffer) : 0);
  const matmulScratch = e.matmul_scratch();
  const width = (x: Dense): number => x.shape[x.shape.length - 1] ?? 1;
  const rows = (x: Dense): number => {
    let n = 1;
    for (let i = 0; i < x.shape.length - 1; i++) n *= x.shape[i]!;
    return n;
  };
  /** Writes a view (B, rows, heads, D) as word `at` … of the table (assembly/attention_f32.ts). */
  const put = (words: Int32Array, index: number, x: View): void => {
    const [batch, row, head] = x.strides as [number, number, number, number];
    words[index] = memory.address(x.buffer) + x.offset * 4;
    words[index + 1] = batch * 4;
    words[index + 2] = row * 4;
    words[index + 3] = head * 4;
  };

  return {
    softmax: (out, x) => e.softmax_f32(at(out), at(x), rows(x), width(x)),
    softmaxGrad: (dx, y, g) => e.softmax_grad_f32(at(dx), at(y), at(g), rows(y), width(y)),

    gelu: (out, x) => e.gelu_f32(at(out), at(x), size(x.shape)),
    geluGrad: (dx, x, g) => e.gelu_grad_f32(at(dx), at(x), at(g), size(x.shape)),
    geluTanh: (out, x) => e.gelu_tanh_f32(at(out), at(x), size(x.shape)),
    geluTanhGrad: (dx, x, g) => e.gelu_tanh_grad_f32(at(dx), at(x), at(g), size(x.shape)),

    layerNorm(out, mean, rstd, x, gain, bias, epsilon) {
      e.layer_norm_f32(
        at(out),
        at(mean),
        at(rstd),
        at(x),
        at(gain),
        maybe(bias),
        rows(x),
        width(x),
        epsilon,
      );
    },
    layerNormGrad(dx, dgain, dbias, x, gain, mean, rstd, g) {
      const scratch = memory.scratch((width(x) + 4) * 8);
      e.layer_norm_grad_f32(
        at(dx),
        at(dgain),
        maybe(dbias),
        at(x),
        at(gain),
        at(mean),
        at(rstd),
        at(g),
        rows(x),
        width(x),
        scratch,
      );
    },

    rmsNorm(out, rstd, x, gain, epsilon) {
      e.rms_norm_f32(at(out), at(rstd), at(x), at(gain), rows(x), width(x), epsilon);
    },
    rmsNormGrad(dx, dgain, x, gain, rstd, g) {
      const scratch = memory.scratch((width(x) + 4) * 4);
      e.rms_norm_grad_f32(
        at(dx),
        at(dgain),
        at(x),
        at(gain),
        at(rstd),
        at(g),
        rows(x),
        width(x),
        scratch,
      );
    },

    crossEntropy(losses, logSum, logits, targets) {
      e.cross_entropy_f32(
        at(losses),
        at(logSum),
        at(logits),
        at(targets),
        rows(logits),
        width(logits),
      );
    },
    crossEntropyGrad(dlogits, logits, targets, logSum, g) {
      e.cross_entropy_grad_f32(
        at(dlogits),
        at(logits),
        at(targets),
        at(logSum),
        at(g),
        rows(logits),
        width(logits),
      );
    },

    linear(out, x, weight, bias) {
      const [n, k] = weight.shape as [number, number];
      const m = rows(x);
      if (m === 0 || n === 0) return;
      const scratch = memory.scratch(matmulScratch);
      e.matmul_f32(at(out), at(x), at(weight), maybe(bias), 1, m, k, n, 0, 1, scratch);
    },

    attention(out, logSum, q, k, v, { scale, causal }) {
      const [B, T, H, D] = q.shape as [number, number, number, number];
      const [, S, K] = k.shape as [number, number, number];
      if (B * T * H === 0) return;
      const scratch = memory.scratch(e.attention_scratch(S, D));
      const { words } = memory;
      put(words, 0, q);
      put(words, 4, k);
      put(words, 8, v);
      e.attention_f32(
        at(out),
        at(logSum),
        TABLE,
        0,
        B * K,
        T,
        S,
        H,
        K,
        D,
        scale,
        causal ? 1 : 0,
        scratch,
      );
    },
    attentionGrad(dq, dk, dv, q, k, v, out, logSum, g, { scale, causal }) {
      const [B, T, H, D] = q.shape as [number, number, number, number];
      const [, S, K] = k.shape as [number, number, number];
      if (B * S * K === 0) return;
      const scratch = memory.scratch(e.attention_grad_scratch(S, D));
      const { words } = memory;
      put(words, 0, dq);
      put(words, 4, dk);
      put(words, 8, dv);
      put(words, 12, q);
      put(words, 16, k);
      put(words, 20, v);
      e.attention_grad_f32(
        TABLE,
        at(out),
        at(logSum),
        at(g),
        0,
        B * K,
        T,
        S,
        H,
        K,
        D,
        scale,
        causal ? 1 : 0,
        scratch,
      );
    },

    adamW(p, m, v, g, gradScale, step) {
      const { rate, beta1, beta2, epsilon, decay, correction1, correction2 } = step;
      e.adamw_f32(
        at(p),
        at(m),
        at(v),
        at(g),
        size(p.shape),
        at(gradScale),
        rate / correction1,
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        epsilon,
        1 - rate * decay,
        1 / Math.sqrt(correction2),
      );
    },
  };
}
