import {
  type AttentionOptions,
  attention,
  attentionThrough,
  type Rng,
  reshape,
  slice,
  type Tensor,
  tidy,
} from "@muladd/tensor";
import { dropout } from "./dropout.ts";
import type { Init } from "./init.ts";
import { Linear } from "./linear.ts";
import { RMSNorm } from "./rms-norm.ts";
import type { RotaryPositions } from "./rotary.ts";

// B batch, T time, S time with the past, C channels (width), H query heads, K key heads, D head width.

/** Keys and values of the positions that came before: a cache, owned by whoever generates. */
export interface Past {
  /** Adds k and v (B, T, K·D), and returns all so far, in rows 0 … keys−1 of (B, capacity, K·D). */
  extend(k: Tensor, v: Tensor): { readonly k: Tensor; readonly v: Tensor; readonly keys: number };
}

/** Sizes and choices of {@link CausalSelfAttention}. */
export interface AttentionConfig {
  /** C. */
  readonly width: number;
  /** H. */
  readonly heads: number;
  /** K: a divisor of the heads, which each serve H/K of. Default H. */
  readonly keyHeads?: number | undefined;
  /** D. Default width / heads, which the heads must divide then. */
  readonly headWidth?: number | undefined;
  /** In both projections, or in each. Default true. */
  readonly bias?: boolean | { readonly qkv: boolean; readonly out: boolean };
  /** The epsilon of an RMS norm of each query and key head, before they are turned. Default: no norm. */
  readonly headNorm?: number | undefined;
  /** Turns queries and keys. Default: positions are not told here. */
  readonly rotary?: RotaryPositions | undefined;
  /** Factor on q·k. Default 1/√D. */
  readonly scale?: number | undefined;
  /** Keys that a query sees, its own included. Default all up to it. */
  readonly window?: number | undefined;
  /** Probability of dropping an attention weight, where `forward` is given an `rng`. Default 0. */
  readonly dropout?: number;
  /** Standard deviation of the output projection's initial weights. Default 0.02. */
  readonly outStd?: number;
}

/** What {@link CausalSelfAttention} may be given besides its input. */
export interface SelfAttentionOptions {
  readonly rng?: Rng | undefined;
  readonly past?: Past | undefined;
  /** The position of the first row, where they are turned. Default 0. */
  readonly start?: number | undefined;
  readonly residual?: Tensor | undefined;
}

/** Causal self-attention of several heads. Vaswani et al. 2017, §3.2, https://arxiv.org/abs/1706.03762 */
export class CausalSelfAttention {
  readonly qkv: Linear; // (C → (H + 2K)·D): queries (H, D), keys and values (K, D) each
  readonly queryNorm: RMSNorm | undefined; // (D)
  readonly keyNorm: RMSNorm | undefined; // (D)
  readonly out: Linear; // (H·D → C)
  readonly heads: number;
  readonly keyHeads: number;
  readonly headWidth: number;
  readonly rotary: RotaryPositions | undefined;
  readonly scale: number | undefined;
  readonly window: number | undefined;
  readonly dropout: number;

  constructor(config: AttentionConfig, init: Init) {
    const { width, heads, keyHeads = heads, headWidth = width / heads, headNorm } = config;
    const { bias = true, dropout = 0, outStd = 0.02 } = config;
    const biases = typeof bias === "boolean" ? { qkv: bias, out: bias } : bias;
    this.qkv = new Linear(width, (heads + 2 * keyHeads) * headWidth, init, { bias: biases.qkv });
    this.queryNorm = headNorm === undefined ? undefined : new RMSNorm(headWidth, init, headNorm);
    this.keyNorm = headNorm === undefined ? undefined : new RMSNorm(headWidth, init, headNorm);
    this.out = new Linear(heads * headWidth, width, init, { bias: biases.out, std: outStd });
    this.heads = heads;
    this.keyHeads = keyHeads;
    this.headWidth = headWidth;
    this.rotary = config.rotary;
    this.scale = config.scale;
    this.window = config.window;
    this.dropout = dropout;
  }

  /**
   * x (B, T, C) → (B, T, C). With an `rng`, attention weights drop out; with a `past`, x continues it; a `residual`
   * (B, T, C) is added to the result.
   */
  forward(x: Tensor, { rng, past, start, residual }: SelfAttentionOptions = {}): Tensor {
    return tidy(() => {
      if (!past) {
        const operands = this.#project(x, start);
        return this.out.forward(this.#mix(operands, undefined, rng), { residual });
      }
      const [q, key, value] = this.project(x, start);
      const { k, v, keys } = past.extend(key, value);
      return this.out.forward(this.#mix([q, k, v], keys, rng), { residual });
    });
  }

  /**
   * What attention compares and mixes: x (B, T, C) → queries (B, T, H·D), keys and values (B, T, K·D), normed and turned.
   * `start`: the position of the first row.
   */
  project(x: Tensor, start?: number): [q: Tensor, k: Tensor, v: Tensor] {
    return tidy(() => {
      const operands = this.#project(x, start);
      return operands.length === 1 ? this.#parts(operands[0]) : [...operands];
    });
  }

  /** {@link project}, left side by side where nothing parts them. */
  #project(x: Tensor, start?: number): Parameters<typeof attention>[0] {
    const qkv = this.qkv.forward(x);
    const { queryNorm, keyNorm, rotary, heads, keyHeads } = this;
    const turned = (x: Tensor, heads: number) => rotary?.forward(x, { heads, start }) ?? x;
    if (!queryNorm || !keyNorm) return [turned(qkv, heads + keyHeads)];
    const [q, k, v] = this.#parts(qkv);
    const normed = (x: Tensor, n: number, norm: RMSNorm) => {
      const apart = reshape(x, [...x.shape.slice(0, 2), n, this.headWidth]);
      return turned(reshape(norm.forward(apart), x.shape), n);
    };
    return [normed(q, heads, queryNorm), normed(k, keyHeads, keyNorm), v];
  }

  /** q (B, T, H·D), k and v (B, T, K·D) of what the projection gives. */
  #parts(qkv: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const [q, k] = [this.heads * this.headWidth, this.keyHeads * this.headWidth];
    const part = (from: number, columns: number) => slice(qkv, 2, from, from + columns);
    return [part(0, q), part(q, k), part(q + k, k)];
  }

  #mix(operands: Parameters<typeof attention>[0], keys?: number, rng?: Rng): Tensor {
    const { heads, keyHeads, scale, window } = this;
    const options: AttentionOptions = { heads, keyHeads, scale, window, keys };
    if (!rng || this.dropout === 0) return attention(operands, options);
    return attentionThrough(operands, options, (w) => dropout(w, this.dropout, rng));
  }
}
