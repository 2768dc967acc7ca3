import { Rng } from "@muladd/tensor";
import { ConfigError } from "./config.ts";

/** How the next token is chosen from the logits. */
export interface SamplingOptions {
  /** Divides the logits: below 1 is more certain, above 1 more random. 0 is greedy. Default 1. */
  readonly temperature?: number;
  /** Keep the k largest logits; ties with the k-th stay. Default: all. */
  readonly topK?: number | undefined;
  /**
   * Keep the smallest set whose probability reaches p; of equal ones the smaller id goes first (Hugging Face transformers
   * keeps the larger, and as many). Holtzman et al. 2020, https://arxiv.org/abs/1904.09751. Default 1.
   */
  readonly topP?: number;
  /** Keep what has at least this share of the largest probability. Nguyen et al. 2024, https://arxiv.org/abs/2407.01082. Default 0. */
  readonly minP?: number;
  /** Integer in 0 … 2³²−1. The same seed, model and prompt give the same text. Default 0. */
  readonly seed?: number;
}

/** A token that was considered, and its probability after all filters. */
export interface Candidate {
  readonly id: number;
  readonly probability: number;
}

/** What was chosen, and from what. */
export interface Choice extends Candidate {
  /** The model's own log p(id) in nats, before temperature and filters. */
  readonly logProbability: number;
  /** The likeliest ids, most likely first, as many as were asked for. */
  readonly candidates: readonly Candidate[];
}

/**
 * Logits (V) → a choice. Draws one random number a call, greedy or not. Throws RangeError for logits that are not
 * numbers.
 */
export type Sampler = (logits: ArrayLike<number>) => Choice;

function check({ temperature = 1, topK, topP = 1, minP = 0, seed = 0 }: SamplingOptions): void {
  if (!(temperature >= 0 && temperature < Infinity))
    throw new ConfigError("temperature", `is ${temperature}`, "it is 0 (greedy) or more");
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    throw new ConfigError("topK", `is ${topK}`, "it is a whole number, 1 at least");
  if (!(topP > 0 && topP <= 1))
    throw new ConfigError("topP", `is ${topP}`, "it lies in 0 … 1, without 0");
  if (!(minP >= 0 && minP <= 1)) throw new ConfigError("minP", `is ${minP}`, "it lies in 0 … 1");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new ConfigError("seed", `is ${seed}`, "it is a whole number in 0 … 4294967295");
}

/**
 * A sampler with a random stream of its own. Filters act in the order of Hugging Face transformers: temperature, top-k,
 * top-p, min-p. `candidates` is how many alternatives each choice lists. Throws ConfigError for values out of range.
 */
export function sampler(options: SamplingOptions = {}, candidates = 0): Sampler {
  check(options);
  const { temperature = 1, seed = 0 } = options;
  const rng = new Rng(seed, "sampling");
  return (logits) => {
    const norm = logSumExp(logits);
    if (Number.isNaN(norm)) throw notNumbers();
    const kept = temperature === 0 ? [likeliest(logits)] : filter(logits, options);
    const total = kept.reduce((sum, c) => sum + c.probability, 0);
    const ranked = kept.map(({ id, probability }) => ({ id, probability: probability / total }));
    const chosen = pick(ranked, rng.uniform());
    return {
      ...chosen,
      logProbability: logits[chosen.id]! - norm,
      candidates: candidates > 0 ? alternatives(logits, ranked, temperature, candidates) : [],
    };
  };
}

/** Greedy keeps one token; to show what it was chosen over, list the plain softmax then. */
function alternatives(
  logits: ArrayLike<number>,
  ranked: readonly Candidate[],
  temperature: number,
  n: number,
): readonly Candidate[] {
  return (temperature === 0 ? filter(logits, { temperature: 1 }) : ranked).slice(0, n);
}

/** The first of the largest. */
function likeliest(logits: ArrayLike<number>): Candidate {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return { id: best, probability: 1 };
}

const notNumbers = () =>
  new RangeError("the model's logits are not numbers (NaN): its weights are damaged or diverged");

function largest(logits: ArrayLike<number>): number {
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) top = Math.max(top, logits[i]!);
  return top;
}

/** Log of the sum of exponentials, shifted by the largest. NaN when a logit is NaN, or the largest infinite. */
function logSumExp(logits: ArrayLike<number>): number {
  const top = largest(logits);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - top);
  return top + Math.log(sum);
}

/** The candidates that pass all filters, most likely first; of equal ones the smaller id first. */
function filter(
  logits: ArrayLike<number>,
  { temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions,
): Candidate[] {
  const top = largest(logits);
  // Shifted before it is divided: a tiny temperature then gives −∞, not ∞ − ∞.
  const weights = Array.from(logits, (x) => Math.exp((x - top) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  const all = weights
    .map((weight, id) => ({ id, probability: weight / sum }))
    .sort((a, b) => b.probability - a.probability || a.id - b.id);
  let kept = all;
  if (topK !== undefined && topK < all.length) {
    const least = all[topK - 1]!.probability;
    kept = all.filter((c) => c.probability >= least);
  }
  if (topP < 1) {
    const mass = kept.reduce((s, c) => s + c.probability, 0);
    let before = 0;
    // A token stays while the more likely ones have not reached p, so at least one does.
    kept = kept.filter((c) => {
      const stays = before < topP * mass;
      before += c.probability;
      return stays;
    });
  }
  if (minP > 0) {
    const least = minP * kept[0]!.probability;
    kept = kept.filter((c) => c.probability >= least);
  }
  return kept;
}

/** Inverse of the cumulative distribution at u in [0, 1). */
function pick(candidates: readonly Candidate[], u: number): Candidate {
  let sum = 0;
  for (const c of candidates) {
    sum += c.probability;
    if (u < sum) return c;
  }
  return candidates.at(-1)!; // the probabilities' rounding left a gap below 1
}
