import { type Dense, type FusedKernels, size, type View } from "@muladd/tensor";
import { ACTIVATION } from "./codes.ts";
import type { KernelName, Runner } from "./crew.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { TABLE, type WasmMemory } from "./memory.ts";
import { packedKernels } from "./packed.ts";
import type { Product } from "./product.ts";
import { type Split, STEP } from "./split.ts";

/** Rows whose share of a gain's gradient is summed apart: ROW_BLOCK in assembly/sum_blocks_f32.ts. */
const ROW_BLOCK = 64;
/** Elements whose squares are summed apart: BLOCK in assembly/sum_squares_f32.ts. */
const SQUARES_BLOCK = 8192;

/** The fused kernels, over a module and its memory. `scratch`: what each needs, attention of keys and width. */
export function fusedKernels(
  runner: Runner,
  memory: WasmMemory,
  multiply: Product,
  scratch: {
    readonly attention: (S: number, D: number) => number;
    readonly attentionGrad: (S: number, D: number) => number;
    readonly linearPacked: (m: number, k: number) => number;
  },
): FusedKernels {
  const { count, first, last, own } = STEP;
  const at = (x: Dense): number => memory.address(x.buffer);
  const maybe = (x: Dense | undefined): number => (x ? memory.address(x.buffer) : 0);
  const width = (x: Dense): number => x.shape[x.shape.length - 1] ?? 1;
  const rows = (x: Dense): number => {
    let n = 1;
    for (let i = 0; i < x.shape.length - 1; i++) n *= x.shape[i]!;
    return n;
  };
  /** `operands` of n elements each, then n. `cost`: nanoseconds an element. */
  const map = (kernel: KernelName, n: number, cost: number, ...operands: Dense[]): void => {
    const steps = operands.map(() => 4);
    runner.run(kernel, [...operands.map(at), n], {
      units: n,
      block: 16,
      nanoseconds: n * cost,
      steps: [...steps, count],
    });
  };
  const activate = (
    name: "gelu" | "gelu_tanh",
    out: Dense,
    slope: Dense | undefined,
    x: Dense,
  ): void => {
    const n = size(x.shape);
    if (slope) map(`${name}_slope_f32`, n, 1.6, out, slope, x);
    else map(`${name}_f32`, n, 0.8, out, x);
  };
  /** How `n` rows of C are shared. */
  const byRow = (n: number, C: number, cost: number, steps: readonly number[]): Split => ({
    units: n,
    block: 1,
    nanoseconds: n * C * cost,
    steps,
  });
  /** Writes a view (B, rows, heads, D) as entry `index` … of the table (assembly/attention_f32.ts). */
  const put = (index: number, x: View): void => {
    const [batch, row, head] = x.strides as [number, number, number, number];
    memory.put(index, memory.address(x.buffer) + x.offset * 4);
    memory.put(index + 1, batch * 4);
    memory.put(index + 2, row * 4);
    memory.put(index + 3, head * 4);
  };
  /** Nanoseconds of the products of attention, at 35 GFLOP/s. */
  const attentionCost = (products: number, pairs: number, D: number): number =>
    (2 * products * pairs * D) / 35;

  return {
    softmax(out, x) {
      const [n, C] = [rows(x), width(x)];
      const split = byRow(n, C, 1.6, [C * 4, C * 4, count, 0]);
      runner.run("softmax_f32", [at(out), at(x), n, C], split);
    },
    softmaxGrad(dx, y, g) {
      const [n, C] = [rows(y), width(y)];
      const split = byRow(n, C, 0.4, [C * 4, C * 4, C * 4, count, 0]);
      runner.run("softmax_grad_f32", [at(dx), at(y), at(g), n, C], split);
    },

    gelu: (out, slope, x) => activate("gelu", out, slope, x),
    geluTanh: (out, slope, x) => activate("gelu_tanh", out, slope, x),

    swiglu: (out, gate, up) => map("swiglu_f32", size(gate.shape), 1, out, gate, up),
    swigluGrad: (dgate, dup, gate, up, g) =>
      map("swiglu_grad_f32", size(gate.shape), 1.2, dgate, dup, gate, up, g),

    layerNorm(out, mean, rstd, x, gain, bias, epsilon) {
      const [n, C] = [rows(x), width(x)];
      runner.run(
        "layer_norm_f32",
        [at(out), at(mean), at(rstd), at(x), at(gain), maybe(bias), n, C, epsilon],
        byRow(n, C, 0.5, [C * 4, 4, 4, C * 4, 0, 0, count, 0, 0]),
      );
    },
    layerNormGrad(dx, dgain, dbias, x, gain, mean, rstd, g) {
      const [n, C] = [rows(x), width(x)];
      const blocks = Math.ceil(n / ROW_BLOCK);
      const share = Math.ceil(C / 4) * 16;
      const parts = memory.scratch(blocks * 2 * share);
      const row = C * 4;
      runner.run(
        "layer_norm_grad_f32",
        [at(dx), parts, at(x), at(gain), at(mean), at(rstd), at(g), n, C],
        {
          ...byRow(n, C, 0.7, [row, (2 * share) / ROW_BLOCK, row, 0, 4, 4, row, count, 0]),
          block: ROW_BLOCK,
        },
      );
      runner.run("sum_blocks_f32", [at(dgain), parts, blocks, C, 2 * share]);
      if (dbias) runner.run("sum_blocks_f32", [at(dbias), parts + share, blocks, C, 2 * share]);
    },

    rmsNorm(out, rstd, x, gain, epsilon) {
      const [n, C] = [rows(x), width(x)];
      runner.run(
        "rms_norm_f32",
        [at(out), at(rstd), at(x), at(gain), n, C, epsilon],
        byRow(n, C, 0.4, [C * 4, 4, C * 4, 0, count, 0, 0]),
      );
    },
    rmsNormGrad(dx, dgain, x, gain, rstd, g) {
      const [n, C] = [rows(x), width(x)];
      const blocks = Math.ceil(n / ROW_BLOCK);
      const share = Math.ceil(C / 4) * 16;
      const parts = memory.scratch(blocks * share);
      const row = C * 4;
      runner.run("rms_norm_grad_f32", [at(dx), parts, at(x), at(gain), at(rstd), at(g), n, C], {
        ...byRow(n, C, 0.6, [row, share / ROW_BLOCK, row, 0, 4, row, count, 0]),
        block: ROW_BLOCK,
      });
      runner.run("sum_blocks_f32", [at(dgain), parts, blocks, C, share]);
    },

    crossEntropy(losses, logSum, logits, targets) {
      const [n, V] = [rows(logits), width(logits)];
      runner.run(
        "cross_entropy_f32",
        [at(losses), at(logSum), at(logits), at(targets), n, V],
        byRow(n, V, 1.2, [4, 4, V * 4, 4, count, 0]),
      );
    },
    crossEntropyGrad(dlogits, logits, targets, logSum, g) {
      const [n, V] = [rows(logits), width(logits)];
      runner.run(
        "cross_entropy_grad_f32",
        [at(dlogits), at(logits), at(targets), at(logSum), at(g), n, V],
        byRow(n, V, 1, [V * 4, V * 4, 4, 4, 4, count, 0]),
      );
    },

    linear(out, slope, x, weight, bias, residual, activation) {
      const [n, k] = weight.shape as [number, number];
      multiply(at(out), at(x), at(weight), 1, rows(x), k, n, false, true, {
        plus: maybe(bias),
        ldplus: 0,
        act: activation ? ACTIVATION[activation] : 0,
        slope: maybe(slope),
        residual: maybe(residual),
      });
    },

    ...packedKernels(runner, memory, scratch.linearPacked),

    linearCrossEntropy: linearCrossEntropy(runner, memory, multiply),

    rotary(out, x, table, { heads, start, inverse }) {
      const [B, T, W] = x.shape as [number, number, number];
      const D = table.shape[1]!;
      const angles = at(table) + start * D * 4;
      runner.run(
        "rotary_f32",
        [at(out), at(x), angles, 0, B * T, T, W, heads, D, inverse ? -1 : 1],
        {
          units: B * T,
          block: 1,
          nanoseconds: B * T * W * 0.4,
          steps: [0, 0, 0, first, last, 0, 0, 0, 0, 0],
        },
      );
    },

    attention(out, logSum, q, k, v, { scale, causal, window }) {
      const [B, T, H, D] = q.shape as [number, number, number, number];
      const [, S, K] = k.shape as [number, number, number];
      if (B * T * H === 0) return;
      const bytes = scratch.attention(S, D);
      const own0 = memory.scratch(bytes);
      put(0, q);
      put(4, k);
      put(8, v);
      const args = [at(out), at(logSum), TABLE, 0, B * K, T, S, H, K, D, scale, causal ? 1 : 0];
      runner.run("attention_f32", [...args, Math.min(window ?? S, S), own0], {
        units: B * K,
        block: 1,
        nanoseconds: attentionCost(2, B * H * T * S, D),
        steps: [0, 0, 0, first, last, 0, 0, 0, 0, 0, 0, 0, 0, own],
        scratch: bytes,
      });
    },
    attentionGrad(dq, dk, dv, q, k, v, out, logSum, g, { scale, causal, window }) {
      const [B, T, H, D] = q.shape as [number, number, number, number];
      const [, S, K] = k.shape as [number, number, number];
      if (B * S * K === 0) return;
      const bytes = scratch.attentionGrad(S, D);
      const own0 = memory.scratch(bytes);
      put(0, dq);
      put(4, dk);
      put(8, dv);
      put(12, q);
      put(16, k);
      put(20, v);
      const args = [TABLE, at(out), at(logSum), at(g), 0, B * K, T, S, H, K, D, scale];
      runner.run("attention_grad_f32", [...args, causal ? 1 : 0, Math.min(window ?? S, S), own0], {
        units: B * K,
        block: 1,
        nanoseconds: attentionCost(5, B * H * T * S, D),
        steps: [0, 0, 0, 0, first, last, 0, 0, 0, 0, 0, 0, 0, 0, own],
        scratch: bytes,
      });
    },

    squaredNorm(out, xs) {
      const blocks = xs.map((x) => Math.ceil(size(x.shape) / SQUARES_BLOCK));
      const total = blocks.reduce((a, b) => a + b, 0);
      const parts = memory.scratch(total * 8);
      let to = parts;
      for (const [i, x] of xs.entries()) {
        const n = size(x.shape);
        runner.run("sum_squares_f32", [to, at(x), n, 0, blocks[i]!], {
          units: blocks[i]!,
          block: 1,
          nanoseconds: n * 0.3,
          steps: [0, 0, 0, first, last],
        });
        to += blocks[i]! * 8;
      }
      runner.run("sum_parts_f64", [at(out), parts, total]);
    },

    adamW(p, m, v, g, gradScale, step) {
      const { rate, beta1, beta2, epsilon, decay, correction1, correction2 } = step;
      const n = size(p.shape);
      runner.run(
        "adamw_f32",
        [
          at(p),
          at(m),
          at(v),
          at(g),
          n,
          at(gradScale),
          rate / correction1,
          beta1,
          1 - beta1,
          beta2,
          1 - beta2,
          epsilon,
          1 - rate * decay,
          1 / Math.sqrt(correction2),
        ],
        {
          units: n,
          block: 16,
          nanoseconds: n,
          steps: [4, 4, 4, 4, count, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        },
      );
    },
  };
}
