import { biasesOf, dropoutsOf, type GPTConfig } from "./config.ts";

// B sequences in a batch, T time, M = B·T rows, C channels (width), H heads, K key heads, D head width, V vocabulary.

/** Trainable numbers, by part. */
export interface ParameterCount {
  /** The token embedding, (V, C). */
  readonly tokens: number;
  /** The position embedding; 0 where positions are not learned. */
  readonly positions: number;
  /** One block. */
  readonly block: {
    readonly attention: number;
    readonly mlp: number;
    readonly norms: number;
    readonly total: number;
  };
  /** All blocks. */
  readonly blocks: number;
  /** The norm after the last block; 0 where each block ends in one. */
  readonly norm: number;
  /** (V, C); 0 where it is tied to the token embedding. */
  readonly head: number;
  readonly total: number;
}

/** Counts the parameters of a GPT without making it: GPT-2's are V·C + P·C + L(12C² + 13C) + 2C. */
export function countParameters(config: GPTConfig): ParameterCount {
  const { vocabulary, context, width: C, layers, hidden } = config;
  const { heads, kvHeads, headWidth: D } = config;
  const bias = biasesOf(config);
  const linear = (inputs: number, outputs: number, bias: boolean) =>
    (inputs + (bias ? 1 : 0)) * outputs;
  const oneNorm = bias.norm ? 2 * C : C;
  const tokens = vocabulary * C;
  const positions = config.positions === "learned" ? context * C : 0;
  const headNorms = config.qkNorm ? 2 * D : 0;
  const attention =
    linear(C, (heads + 2 * kvHeads) * D, bias.qkv) + headNorms + linear(heads * D, C, bias.out);
  const up = linear(C, hidden, bias.mlp);
  const mlp = (config.gated ? 2 : 1) * up + linear(hidden, C, bias.mlp);
  const norms = 2 * oneNorm;
  const block = { attention, mlp, norms, total: attention + mlp + norms };
  const blocks = layers * block.total;
  const norm = config.normPlace === "before" ? oneNorm : 0;
  const head = config.tied ? 0 : vocabulary * C;
  const total = tokens + positions + blocks + norm + head;
  return { tokens, positions, block, blocks, norm, head, total };
}

/**
 * Bytes of float32 that a training pass over `batch` sequences of the whole context holds beside parameters, gradients
 * and moments, at its highest point, on a backend with the fused kernels. What each op leaves for its derivative, with A =
 * H·D columns of queries, W = A + 2·K·D of queries, keys and values, and F inside the mlp:
 *
 * | op | saved | numbers |
 * |---|---|---|
 * | layer norm, two a block | input, mean, 1/σ | 2MC + 4M |
 * | or RMS norm | input, 1/rms | 2MC + 2M |
 * | qkv | input | MC |
 * | norms of queries and keys, if any | input, 1/rms | M(W − K·D) + M(H + K) |
 * | attention | qkv, output, log Σ exp | MW + MA + MH |
 * | output projection | input: the attention's output, counted | |
 * | mlp up, gelu (or relu) | input, gelu's derivative (relu's input) | MC + MF |
 * | or gate and up, swiglu (or silu, by swiglu of ones) | input, gate, up | MC + 2MF |
 * | mlp down | input | MF |
 * | **block of GPT-2** | | **16MC + MH + 4M** |
 * | final norm | as a norm | MC + 2M |
 * | head and loss | the gradient of what comes in | MC |
 *
 * Residual additions and rotations save nothing. With dropout, each of two places a block, and the embedding, saves its input
 * and its mask (2MC), and attention runs as its composition: scores, softmax, mask and product, each (B, H, T, T), are
 * saved instead of log Σ exp, keys and values for every head, and the causal mask, (T, T).
 *
 * Logits are never there but for a tile of a few rows, which is not counted. The high point is the last block's mlp on the
 * way back: what the head saved is gone, and 2MC + MF of gradients are there (2MF of swiglu, 5MF of relu). With attention dropout in a long context it is
 * the last block's attention on the way forward: 8 arrays of (B, H, T, T) and 12MC in place of what the block will save. Saved
 * numbers are freed as the gradients of parameters appear, so that the sum with 4N bytes of gradients is never quite
 * reached; that of the token embedding (or of a head of its own) is there from the loss on.
 */
export function activationBytes(config: GPTConfig, batch: number): number {
  const { context: T, width: C, heads, layers } = config;
  const drops = dropoutsOf(config);
  const rows = batch * T;
  const mc = rows * C;
  const square = rows * heads * T; // (B, H, T, T)
  const saved = rows * savedNumbers(config) + (drops.attention > 0 ? 4 * square + T * T : 0);
  const block = saved + (drops.residual > 0 ? 4 * mc : 0);
  const back = rows * gradientNumbers(config);
  const attention = drops.attention > 0 ? 8 * square + 12 * mc - block : 0;
  const embedding = drops.embedding > 0 ? 2 * mc : 0;
  return 4 * (embedding + layers * block + Math.max(back, attention));
}

/** Of one token in one block, for the derivative: as in the table, but for what is as long as the context. */
function savedNumbers(config: GPTConfig): number {
  const { width: C, hidden: F, heads: H, kvHeads: K, headWidth: D } = config;
  const norms = 2 * C + (config.norm === "layer" ? 4 : 2);
  const headNorms = config.qkNorm ? (H + K) * (D + 1) : 0;
  const dropped = dropoutsOf(config).attention > 0;
  const attention = (dropped ? 3 * H * D : (H + 2 * K) * D + H) + H * D;
  const mlp = C + (config.activation === "silu" ? 3 : 2) * F;
  return norms + C + headNorms + attention + mlp;
}

/** Of one token, the gradients at the high point. */
function gradientNumbers({ width: C, hidden: F, activation, normPlace }: GPTConfig): number {
  // What the derivative of a maximum is made of; of swiglu, gate and up.
  const stream = normPlace === "before" ? 2 * C : C;
  return stream + { gelu: 1, geluTanh: 1, relu: 5, silu: 2 }[activation] * F;
}

/** 16 bytes a parameter: weights, gradients and two moments, float32. */
const STATE = 16;
/** Of the memory there is: the rest is what blocks of other sizes leave between them, and the kernels' scratch. */
const USABLE = 0.95;

/** Bytes of a training pass over `batch` sequences with AdamW, in all. */
export const trainingBytes = (config: GPTConfig, batch: number): number =>
  STATE * countParameters(config).total + activationBytes(config, batch);

/** The most sequences of the whole context that a training pass can hold in `bytes` with AdamW; 0 where not even one. */
export function largestBatch(config: GPTConfig, bytes: number): number {
  let batch = 0;
  for (let step = 2 ** 30; step >= 1; step /= 2)
    if (trainingBytes(config, batch + step) <= USABLE * bytes) batch += step;
  return batch;
}
