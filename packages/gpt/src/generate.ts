import { slice, Tensor, tidy } from "@muladd/tensor";
import { KVCache } from "./cache.ts";
import { ConfigError } from "./check-config.ts";
import type { GPT } from "./model.ts";
import { type Choice, type SamplingOptions, sampler } from "./sampling.ts";

export interface GenerateOptions extends SamplingOptions {
  /** How many tokens at most. Default 100. */
  readonly maxTokens?: number;
  /** Ids that end the text; the one that did is the last yielded. */
  readonly stop?: readonly number[];
  /** Keep keys and values of past positions. The tokens are the same without, only slower. Default true. */
  readonly cache?: boolean;
  /** How many alternatives each choice lists. Default 0. */
  readonly candidates?: number;
  /** Sees the logits (V) that each token is about to be chosen from: the model's own, before temperature and filters. */
  readonly onLogits?: ((logits: ArrayLike<number>) => void) | undefined;
  /** Ends the text before the next token. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Continues `prompt`, token by token; of a prompt longer than the context only the end is read. When the context is
 * full, the oldest quarter is forgotten and the rest is read anew, with the cache or without. Where rotary positions are scaled
 * dynamically, all is read anew for each token beyond the original length, since each turns those before it. Throws RangeError
 * for an empty prompt or ids outside the vocabulary, ConfigError for options out of range. Memory does not grow from call to call.
 */
export async function* generate(
  model: GPT,
  prompt: ArrayLike<number>,
  options: GenerateOptions = {},
): AsyncGenerator<Choice, void, undefined> {
  const { maxTokens = 100, stop = [], cache = true, signal } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 0)
    throw new ConfigError("maxTokens", `is ${maxTokens}`, "it is a whole number, 0 or more");
  const { context, vocabulary } = model.config;
  const window = Array.from(prompt);
  const stray = window.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (window.length === 0)
    throw new RangeError("generate: the prompt has no tokens; begin with one, such as a newline");
  if (stray !== undefined)
    throw new RangeError(
      `generate: id ${stray} is outside of the vocabulary 0 … ${vocabulary - 1}; was the prompt encoded by this model's tokenizer?`,
    );

  const choose = sampler(options, options.candidates);
  // Beyond it, each token turns all before it anew.
  const scaling = model.config.rotary?.scaling;
  const steady = scaling?.kind === "dynamic" ? scaling.original : context;
  const kept = Math.max(Math.floor((context * 3) / 4), 1);
  using past = cache ? new KVCache(model, Math.min(context, window.length + maxTokens)) : undefined;
  let pending = window.splice(0, window.length).slice(-context);
  for (let n = 0; n < maxTokens && !signal?.aborted; n++) {
    if (window.length + pending.length > context) {
      pending = [...window, ...pending].slice(-kept);
      window.length = 0;
      past?.clear();
    } else if (past && window.length + pending.length > steady) {
      pending = [...window.splice(0), ...pending];
      past.clear();
    }
    window.push(...pending);
    using logits = lastLogits(model, past ? pending : window, past);
    const data = await logits.data();
    options.onLogits?.(data);
    const choice = choose(data);
    yield choice;
    if (stop.includes(choice.id)) return;
    pending = [choice.id];
  }
}

/** Logits of the token after the last of `ids`: (1, 1, V). The head runs for that position alone. */
function lastLogits(model: GPT, ids: readonly number[], past: KVCache | undefined): Tensor {
  const logits = tidy(() => {
    const input = Tensor.from(model.tokens.weight.backend, ids, [1, ids.length], "i32");
    const hidden = model.hidden(input, { memory: past });
    return model.logits(slice(hidden, 1, ids.length - 1, ids.length));
  });
  past?.advance(ids.length);
  return logits;
}
