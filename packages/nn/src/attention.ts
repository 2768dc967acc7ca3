import { attention, attentionThrough, type Rng, slice, type Tensor, tidy } from "@muladd/tensor";
import { dropout } from "./dropout.ts";
import type { Init } from "./init.ts";
import { Linear } from "./linear.ts";

// B batch, T time, S time with the past, C channels (width), H heads.

/** Keys and values of the positions that came before: a cache, owned by whoever generates. */
export interface Past {
  /** Adds k and v (B, T, C), and returns all so far, in rows 0 … keys−1 of (B, capacity, C). */
  extend(k: Tensor, v: Tensor): { readonly k: Tensor; readonly v: Tensor; readonly keys: number };
}

/** Sizes and choices of {@link CausalSelfAttention}. */
export interface AttentionConfig {
  /** C. */
  readonly width: number;
  /** H: a divisor of the width. */
  readonly heads: number;
  /** In both projections. Default true. */
  readonly bias?: boolean;
  /** Probability of dropping an attention weight, where `forward` is given an `rng`. Default 0. */
  readonly dropout?: number;
  /** Standard deviation of the output projection's initial weights. Default 0.02. */
  readonly outStd?: number;
}

/** What {@link CausalSelfAttention} may be given besides its input. */
export interface AttentionOptions {
  readonly rng?: Rng | undefined;
  readonly past?: Past | undefined;
  readonly residual?: Tensor | undefined;
}

/** Causal self-attention of several heads. Vaswani et al. 2017, §3.2, https://arxiv.org/abs/1706.03762 */
export class CausalSelfAttention {
  readonly qkv: Linear; // (C → 3C): queries, keys, values, each (H, D)
  readonly out: Linear; // (C → C)
  readonly heads: number;
  readonly dropout: number;

  constructor(
    { width, heads, bias = true, dropout = 0, outStd = 0.02 }: AttentionConfig,
    init: Init,
  ) {
    this.qkv = new Linear(width, 3 * width, init, { bias });
    this.out = new Linear(width, width, init, { bias, std: outStd });
    this.heads = heads;
    this.dropout = dropout;
  }

  /**
   * x (B, T, C) → (B, T, C). With an `rng`, attention weights drop out; with a `past`, x continues it; a `residual`
   * (B, T, C) is added to the result.
   */
  forward(x: Tensor, { rng, past, residual }: AttentionOptions = {}): Tensor {
    return tidy(() => {
      const qkv = this.qkv.forward(x);
      if (!past) return this.out.forward(this.#mix([qkv], undefined, rng), { residual });
      const C = x.shape[2]!;
      const part = (i: number) => slice(qkv, 2, i * C, (i + 1) * C);
      const { k, v, keys } = past.extend(part(1), part(2));
      return this.out.forward(this.#mix([part(0), k, v], keys, rng), { residual });
    });
  }

  #mix(operands: Parameters<typeof attention>[0], keys?: number, rng?: Rng): Tensor {
    const options = { heads: this.heads, keys };
    if (!rng || this.dropout === 0) return attention(operands, options);
    return attentionThrough(operands, options, (w) => dropout(w, this.dropout, rng));
  }
}
