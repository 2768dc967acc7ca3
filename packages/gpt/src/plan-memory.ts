import { biasesOf, dropoutsOf, type GPTConfig } from "./config.ts";

// B sequences in a batch, T time, M = B·T rows, C channels (width), H heads, V vocabulary.

/** Trainable numbers, by part. */
export interface ParameterCount {
  /** The token embedding, (V, C); the head is the same matrix. */
  readonly tokens: number;
  /** The position embedding; 0 when positions are sinusoidal. */
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
  /** The norm after the last block. */
  readonly norm: number;
  /** 0: it is tied to the token embedding. */
  readonly head: 0;
  readonly total: number;
}

/** Counts the parameters of a GPT without making it: with learned positions and biases, V·C + P·C + L(12C² + 13C) + 2C. */
export function countParameters(config: GPTConfig): ParameterCount {
  const { vocabulary, context, width: C, layers } = config;
  const bias = biasesOf(config).mlp;
  const linear = (inputs: number, outputs: number) => inputs * outputs + (bias ? outputs : 0);
  const norm = bias ? 2 * C : C;
  const tokens = vocabulary * C;
  const positions = config.positions === "learned" ? context * C : 0;
  const attention = linear(C, 3 * C) + linear(C, C);
  const mlp = linear(C, 4 * C) + linear(4 * C, C);
  const norms = 2 * norm;
  const block = { attention, mlp, norms, total: attention + mlp + norms };
  const blocks = layers * block.total;
  const total = tokens + positions + blocks + norm;
  return { tokens, positions, block, blocks, norm, head: 0, total };
}

/**
 * Bytes of float32 that a training pass over `batch` sequences of the whole context holds beside parameters, gradients
 * and moments, at its highest point, on a backend with the fused kernels. What each op leaves for its derivative:
 *
 * | op | saved | numbers |
 * |---|---|---|
 * | layer norm, two a block | input, mean, 1/σ | 2MC + 4M |
 * | qkv | input | MC |
 * | attention | qkv, output, log Σ exp | 4MC + MH |
 * | output projection | input: the attention's output, counted | |
 * | mlp up, gelu | input, gelu's derivative | 5MC |
 * | mlp down | input: gelu's output | 4MC |
 * | **block** | | **16MC + MH + 4M** |
 * | final norm | input, mean, 1/σ | MC + 2M |
 * | head and loss | the gradient of what comes in | MC |
 *
 * Residual additions save nothing. With dropout, each of two places a block, and the embedding, saves its input and
 * its mask (2MC), and attention runs as its composition: scores, softmax, mask and product, each (B, H, T, T), are
 * saved instead of log Σ exp, and the causal mask, (T, T).
 *
 * Logits are never there but for a tile of a few rows, which is not counted. The high point is the last block's mlp on the
 * way back: what the head saved is gone, and 6MC of gradients are there. With dropout in a long context it is the last
 * block's attention on the way forward: 8 arrays of (B, H, T, T) and 12MC in place of what the block will save. Saved
 * numbers are freed as the gradients of parameters appear, so that the sum with 4N bytes of gradients is never quite
 * reached; that of the token embedding is there from the loss on.
 */
export function activationBytes(config: GPTConfig, batch: number): number {
  const { context: T, width, heads, layers } = config;
  const dropout = dropoutsOf(config).residual;
  const rows = batch * T;
  const mc = rows * width;
  const square = rows * heads * T; // (B, H, T, T)
  if (dropout === 0) return 4 * (layers * (16 * mc + rows * heads + 4 * rows) + 6 * mc);
  const block = 20 * mc + 4 * square + 4 * rows + T * T;
  const attention = 8 * square + 12 * mc - block;
  return 4 * (2 * mc + layers * block + Math.max(6 * mc, attention));
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
