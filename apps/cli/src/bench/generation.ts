import { type GPT, generate } from "@muladd/gpt";
import type { Backend } from "@muladd/tensor";
import { median, now } from "./rounds.ts";
import { newModel } from "./subject.ts";

export interface GenerationResult {
  readonly preset: string;
  /** Tokens of the prompt that prefill reads. */
  readonly promptTokens: number;
  /** Tokens/s of reading a prompt, up to and with the first token written. */
  readonly prefill: number;
  /** Tokens/s of writing on, with the keys and values kept. */
  readonly decode: number;
  /** Tokens/s of writing on when every token reads all before it again. */
  readonly decodeUncached: number;
  readonly rounds: number;
}

export interface GenerationOptions {
  readonly seconds: number;
  readonly preset?: string;
  readonly onRound?: (round: number) => void;
}

const MIN_ROUNDS = 3;
const MAX_ROUNDS = 50;

/** Tokens/s of a preset's model within one context, sampling included: medians of interleaved rounds. */
export async function benchGeneration(
  backend: Backend,
  { seconds, preset = "nanogpt-cpu", onRound }: GenerationOptions,
): Promise<GenerationResult> {
  using model = newModel(backend, preset);
  const { context } = model.gpt.config;
  const start = Math.ceil(context / 4);
  const seen = { prefill: [] as number[], decode: [] as number[], decodeUncached: [] as number[] };
  await write(model.gpt, start, context - start, true); // warm-up
  await write(model.gpt, start, 2, false);
  const begun = now();
  let rounds = 0;
  for (; rounds < MAX_ROUNDS; rounds++) {
    if (rounds >= MIN_ROUNDS && now() - begun > seconds * 1000) break;
    onRound?.(rounds);
    const { first } = await write(model.gpt, context, 1, true);
    seen.prefill.push(first / context);
    seen.decode.push((await write(model.gpt, start, context - start, true)).each);
    seen.decodeUncached.push((await write(model.gpt, start, context - start, false)).each);
  }
  const rate = (ms: readonly number[]) => 1000 / median(ms);
  return {
    preset,
    promptTokens: context,
    prefill: rate(seen.prefill),
    decode: rate(seen.decode),
    decodeUncached: rate(seen.decodeUncached),
    rounds,
  };
}

/** Writes after a prompt: milliseconds until the first token, and for each one after it. */
async function write(
  model: GPT,
  promptTokens: number,
  maxTokens: number,
  cache: boolean,
): Promise<{ first: number; each: number }> {
  const prompt = Array.from({ length: promptTokens }, (_, i) => i % model.config.vocabulary);
  const start = now();
  let first = 0;
  let last = 0;
  for await (const _ of generate(model, prompt, { maxTokens, cache })) {
    last = now() - start;
    first ||= last;
  }
  return { first, each: (last - first) / Math.max(maxTokens - 1, 1) };
}
