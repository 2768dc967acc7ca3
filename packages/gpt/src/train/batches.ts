import { type Backend, dispose, Rng, Tensor, tidy } from "@muladd/tensor";
import { ConfigError } from "../check-config.ts";

/** Token ids on the host: an array, or a view on a file of them. */
export type TokenArray = Int32Array | Uint16Array | Uint32Array;

/** Inputs and what follows each of them: both (B, T) i32. Whoever draws it disposes it. */
export interface Batch extends Disposable {
  readonly ids: Tensor;
  readonly targets: Tensor;
}

/**
 * `batch` sequences of `context` tokens from random places, and the same one token later. A pure function of
 * (seed, stream, index): a resumed run draws what it would have drawn.
 */
export function drawBatch(
  backend: Backend,
  tokens: TokenArray,
  { batch, context }: { readonly batch: number; readonly context: number },
  {
    seed,
    stream,
    index,
  }: { readonly seed: number; readonly stream: string; readonly index: number },
): Batch {
  const rng = Rng.at(seed, stream, index);
  const ids = new Int32Array(batch * context);
  const targets = new Int32Array(batch * context);
  for (let b = 0; b < batch; b++) {
    const start = rng.integer(tokens.length - context);
    ids.set(tokens.subarray(start, start + context), b * context);
    targets.set(tokens.subarray(start + 1, start + 1 + context), b * context);
  }
  const on = (data: Int32Array) => Tensor.from(backend, data, [batch, context], "i32");
  const result = tidy(() => ({ ids: on(ids), targets: on(targets) }));
  return { ...result, [Symbol.dispose]: () => dispose(result) };
}

/** Text to learn from, and text to be judged by. */
export interface Split<T extends TokenArray = TokenArray> {
  readonly train: T;
  readonly heldOut: T;
}

/** Cuts off the last part as held-out text. `share` of the tokens train, 0.9 by default. */
export function splitTokens<T extends TokenArray>(tokens: T, share = 0.9): Split<T> {
  const at = Math.floor(tokens.length * share);
  return { train: tokens.subarray(0, at) as T, heldOut: tokens.subarray(at) as T };
}

/**
 * Throws {@link ConfigError} unless both parts hold a context and the token after it, and every id lies in the
 * vocabulary.
 */
export function checkData({ train, heldOut }: Split, context: number, vocabulary: number): void {
  for (const [name, tokens] of [["training", train] as const, ["held-out", heldOut] as const]) {
    if (tokens.length < context + 1)
      throw new ConfigError(
        "context",
        `of ${context} does not fit the ${name} text of ${tokens.length} tokens`,
        tokens.length >= 2
          ? `give more text, or a context of ${tokens.length - 1} at most`
          : "give more text",
      );
    for (let i = 0; i < tokens.length; i++)
      if (tokens[i]! < 0 || tokens[i]! >= vocabulary)
        throw new ConfigError(
          "vocabulary",
          `of ${vocabulary} has no id ${tokens[i]} (token ${i} of the ${name} text)`,
          "encode the text with this model's tokenizer",
        );
  }
}
