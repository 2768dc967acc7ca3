import type { GPT } from "@muladd/gpt";
import type { TokenArray } from "@muladd/gpt/train";
import type { Tokenizer } from "@muladd/tokenizer";

/** How well a model predicts a text. */
export interface Score {
  /** Mean, in nats a token. */
  readonly loss: number;
  readonly perplexity: number;
  /** Of the UTF-8 text: comparable between tokenizers. */
  readonly bitsPerByte: number;
  /** Predicted. */
  readonly tokens: number;
  readonly bytes: number;
}

export interface ScoreOptions {
  /** Sequences in one pass. */
  readonly batch: number;
  /** Random batches instead of the whole text. */
  readonly random?: { readonly batches: number; readonly seed: number } | undefined;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Scores `tokens` in windows of the context, one after the other: each token but the first is predicted once, from what
 * stands before it in its window. With `random`, the batches that training's own evaluations draw.
 */
export async function score(
  model: GPT,
  tokenizer: Tokenizer,
  tokens: TokenArray,
  { batch, random, onProgress, signal }: ScoreOptions,
): Promise<Score> {
  const { Tensor } = await import("@muladd/tensor");
  const { drawBatch } = await import("@muladd/gpt/train");
  const { backend } = model.tokens.weight;
  const { context } = model.config;
  const lengths = Array.from({ length: tokenizer.size }, (_, id) => tokenizer.token(id).length);
  let [nats, count, bytes] = [0, 0, 0];
  const add = (loss: number, targets: ArrayLike<number>) => {
    nats += loss * targets.length;
    count += targets.length;
    for (let i = 0; i < targets.length; i++) bytes += lengths[targets[i]!]!;
  };
  const window = async (start: number, rows: number, length: number) => {
    const on = (from: number) =>
      Tensor.from(
        backend,
        Int32Array.from(tokens.subarray(from, from + rows * length)),
        [rows, length],
        "i32",
      );
    using ids = on(start);
    using targets = on(start + 1);
    using loss = model.loss(ids, targets);
    add(await loss.item(), tokens.subarray(start + 1, start + 1 + rows * length));
  };

  if (random) {
    const where = { seed: random.seed, stream: "evaluate heldOut" };
    for (let index = 0; index < random.batches && !signal?.aborted; index++) {
      using drawn = drawBatch(backend, tokens, { batch, context }, { ...where, index });
      using loss = model.loss(drawn.ids, drawn.targets);
      add(await loss.item(), await drawn.targets.data());
      onProgress?.((index + 1) / random.batches);
    }
  } else {
    const total = tokens.length - 1;
    for (let at = 0; at < total && !signal?.aborted; ) {
      const rows = Math.min(batch, Math.floor((total - at) / context));
      const length = rows > 0 ? context : total - at;
      await window(at, Math.max(rows, 1), length);
      at += Math.max(rows, 1) * length;
      onProgress?.(at / total);
    }
  }
  const loss = nats / count;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: nats / Math.LN2 / bytes,
    tokens: count,
    bytes,
  };
}
