import { Rng } from "@muladd/tensor";
import { ConfigError } from "./check-config.ts";

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
  /**
   * Random numbers of the seed's stream that tokens before these have used: a text that is taken up again after n of them
   * goes on as it would have, as long as the context holds it. Default 0.
   */
  readonly drawn?: number;
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

function check({
  temperature = 1,
  topK,
  topP = 1,
  minP = 0,
  seed = 0,
  drawn = 0,
}: SamplingOptions): void {
  if (!(temperature >= 0 && temperature < Infinity))
    throw new ConfigError("temperature", `is ${temperature}`, "it is 0 (greedy) or more");
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    throw new ConfigError("topK", `is ${topK}`, "it is a whole number, 1 at least");
  if (!(topP > 0 && topP <= 1))
    throw new ConfigError("topP", `is ${topP}`, "it lies in 0 … 1, without 0");
  if (!(minP >= 0 && minP <= 1)) throw new ConfigError("minP", `is ${minP}`, "it lies in 0 … 1");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new ConfigError("seed", `is ${seed}`, "it is a whole number in 0 … 4294967295");
  if (!Number.isInteger(drawn) || drawn < 0)
    throw new ConfigError("drawn", `is ${drawn}`, "it is a whole number, 0 or more");
}

/**
 * A sampler with a random stream of its own. Filters act in the order of Hugging Face transformers: temperature, top-k,
 * top-p, min-p. `candidates` is how many alternatives each choice lists. Throws ConfigError for values out of range.
 */
export function sampler(options: SamplingOptions = {}, candidates = 0): Sampler {
  check(options);
  const { temperature = 1, seed = 0, drawn = 0 } = options;
  const rng = new Rng(seed, "sampling");
  for (let n = 0; n < drawn; n++) rng.uniform();
  return (logits) => {
    const norm = logSumExp(logits);
    if (Number.isNaN(norm)) throw notNumbers();
    const u = rng.uniform();
    const greedy = temperature === 0;
    // Greedy keeps one token; what it was chosen over is the plain softmax.
    const kept = greedy ? undefined : keep(logits, options);
    const id = kept ? pick(kept, u) : likeliest(logits);
    return {
      id,
      probability: kept ? kept.weights[id]! / kept.total : 1,
      logProbability: logits[id]! - norm,
      candidates: candidates > 0 ? heaviest(kept ?? keep(logits, {}), candidates) : [],
    };
  };
}

/** The first of the largest. */
function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
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

/** What the filters left: weights by id, 0 where dropped, and their sum. */
interface Kept {
  readonly weights: Float64Array;
  readonly total: number;
}

/** Weights relative to the largest, of the ids that pass all filters; of equal ones the smaller ids go first. */
function keep(
  logits: ArrayLike<number>,
  { temperature = 1, topK, topP = 1, minP = 0 }: SamplingOptions,
): Kept {
  const top = largest(logits);
  // Shifted before it is divided: a tiny temperature then gives −∞, not ∞ − ∞. The largest weight is 1.
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < weights.length; i++) weights[i] = Math.exp((logits[i]! - top) / temperature);
  if (topK !== undefined && topK < weights.length) {
    const least = kthLargest(weights, topK);
    drop(weights, least, weights.length);
  }
  if (topP < 1) {
    const total = sum(weights);
    // All below this bound weigh 1 − p together at most, so the others reach p without them.
    const bound = ((1 - topP) * total) / weights.length;
    const falling = weights
      .filter((w) => w > bound || w === 1) // the largest, whatever rounding makes of the bound
      .sort()
      .reverse();
    const count = nucleus(falling, topP * total);
    drop(weights, falling[count - 1]!, count);
  }
  if (minP > 0) drop(weights, minP, weights.length);
  return { weights, total: sum(weights) };
}

function sum(weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]!;
  return total;
}

/** How many of the falling weights it takes to reach `wanted`: one stays while the larger ones have not reached it. */
function nucleus(falling: Float64Array, wanted: number): number {
  let count = 0;
  for (let before = 0; count < falling.length && before < wanted; count++)
    before += falling[count]!;
  return count;
}

/** By Hoare's selection, 1961: on average in one pass over the values and their half, quarter, … */
function kthLargest(values: Float64Array, k: number): number {
  const v = values.slice();
  const at = v.length - k;
  let left = 0;
  let right = v.length - 1;
  while (left < right) {
    const pivot = v[(left + right) >>> 1]!;
    let i = left;
    let j = right;
    while (i <= j) {
      while (v[i]! < pivot) i++;
      while (v[j]! > pivot) j--;
      if (i > j) break;
      [v[i], v[j]] = [v[j]!, v[i]!];
      i++;
      j--;
    }
    if (at <= j) right = j;
    else if (at >= i) left = i;
    else break;
  }
  return v[at]!;
}

/** Zeroes what is below `least`, and of those equal to it all but the first, so that `count` stay at most. */
function drop(weights: Float64Array, least: number, count: number): void {
  let ties = count;
  for (const w of weights) if (w > least) ties--;
  for (let id = 0; id < weights.length; id++)
    if (weights[id]! < least || (weights[id] === least && ties-- <= 0)) weights[id] = 0;
}

/** Inverse of the cumulative distribution, in the order of ids, at u in [0, 1). */
function pick({ weights, total }: Kept, u: number): number {
  let left = u * total;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    left -= weights[id]!;
    last = id;
    if (left < 0) return id;
  }
  return last; // rounding left a gap at the end
}

/** The n heaviest, heaviest first; of equal ones the smaller id first. */
function heaviest({ weights, total }: Kept, n: number): Candidate[] {
  const ids = Array.from(weights.keys()).filter((id) => weights[id]! > 0);
  ids.sort((a, b) => weights[b]! - weights[a]! || a - b);
  return ids.slice(0, n).map((id) => ({ id, probability: weights[id]! / total }));
}
