import { Candidates } from "./candidates.ts";
import { fitting } from "./fitting.ts";
import { Neighbours } from "./neighbours.ts";
import { PairCounts } from "./pair-counts.ts";
import type { PieceCounter } from "./piece-counter.ts";

const INSIDE = -1;
const END = -2;
const RATIO = 64; // measured: from 32 to 128 it is the same

/** How far merging goes. */
export interface LearnOptions {
  /** The token of each byte: 0 … 255 in some order, which breaks ties. */
  readonly tokenOfByte: Int32Array;
  /** Tokens wanted, bytes included. */
  readonly tokens: number;
  /** Pairs rarer than this are not merged; at least 1. */
  readonly minFrequency: number;
  /** Of a token, in bytes. */
  readonly maxTokenLength: number;
}

/**
 * Learns merges, the most frequent pair first, of equals the one with the smallest (left, right) token: the order of
 * Hugging Face tokenizers, https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/bpe/trainer.rs
 *
 * The words stand one after another, a number for each byte: a token at the first and at the last byte of what it
 * spells, INSIDE between, END between words. So both neighbours of any place are one step away, and a merge costs what
 * it changes, however long the words are.
 *
 * A pair's count only falls once the tokens in it are made. So pairs that occur less than `least` times need not be
 * followed while there are others; when there are none, `least` falls and all pairs are counted again (`follow`). That
 * is rare, most pairs never are followed, and what was kept of merged ones goes.
 */
export class Learner {
  readonly #symbols: Int32Array;
  readonly #words: Int32Array; // the word of each place
  readonly #counts: Float64Array; // of each word
  readonly #lengths: Int32Array; // of each token, in bytes
  readonly #before: Neighbours;
  readonly #after: Neighbours;
  readonly #options: LearnOptions;
  #candidates = new Candidates();
  #tokens = 256;
  #pairs = 1 << 12; // as many as were counted last
  #least = Infinity;
  /** Of the last merge. */
  left = -1;
  right = -1;

  constructor({ pieces, counts }: PieceCounter, options: LearnOptions) {
    const { tokenOfByte, tokens } = options;
    const { bytes, starts, size } = pieces;
    const symbols = new Int32Array(starts[size]! + size + 1).fill(END);
    const words = new Int32Array(symbols.length);
    let to = 1;
    for (let word = 0; word < size; word++, to++)
      for (let i = starts[word]!; i < starts[word + 1]!; i++, to++) {
        symbols[to] = tokenOfByte[bytes[i]!]!;
        words[to] = word;
      }
    this.#symbols = symbols;
    this.#words = words;
    this.#counts = counts;
    this.#lengths = new Int32Array(tokens).fill(1, 0, 256);
    this.#before = new Neighbours(tokens);
    this.#after = new Neighbours(tokens);
    this.#options = options;
  }

  /** Makes the next merge, `left` and `right`. False when there is none to make. */
  merge(): boolean {
    const { tokens, minFrequency } = this.#options;
    if (this.#tokens >= tokens) return false;
    for (;;) {
      const number = this.#candidates.take(this.#least);
      if (number >= 0) {
        this.#apply(number);
        return true;
      }
      if (this.#least <= minFrequency) return false;
      this.#follow();
    }
  }

  /** Counts all pairs, and follows those that are frequent. */
  #follow(): void {
    const { minFrequency } = this.#options;
    const [words, counts] = [this.#words, this.#counts];
    const all = new PairCounts(2 * this.#pairs);
    let next: Int32Array = new Int32Array(2 * this.#pairs); // of each pair: how many places, then where the next is written
    this.#eachPair((left, right, at) => {
      const count = counts[words[at]!]!;
      let pair = all.find(left, right);
      if (pair >= 0) all.counts[pair]! += count;
      else {
        pair = all.add(left, right, count);
        next = fitting(next, all.size);
      }
      next[pair]!++;
    });

    this.#pairs = all.size;
    let most = 0;
    for (let pair = 0; pair < all.size; pair++) most = Math.max(most, all.counts[pair]!);
    this.#least = Math.max(minFrequency, Math.floor(most / RATIO));
    const candidates = new Candidates();
    for (let pair = 0; pair < all.size; pair++) {
      const count = all.counts[pair]!;
      next[pair] =
        count >= this.#least
          ? candidates.add(all.left[pair]!, all.right[pair]!, count, next[pair]!)
          : -1;
    }
    const { places } = candidates;
    this.#eachPair((left, right, at) => {
      const pair = all.find(left, right);
      if (next[pair]! >= 0) places[next[pair]!++] = at;
    });
    this.#candidates = candidates;
  }

  /** The pairs that may be merged by their length. */
  #eachPair(visit: (left: number, right: number, at: number) => void): void {
    const [symbols, lengths, most] = [this.#symbols, this.#lengths, this.#options.maxTokenLength];
    for (let at = 1; at < symbols.length; ) {
      const left = symbols[at]!;
      if (left === END) {
        at++;
        continue;
      }
      const after = at + lengths[left]!;
      const right = symbols[after]!;
      if (right !== END && lengths[left]! + lengths[right]! <= most) visit(left, right, at);
      at = after;
    }
  }

  /** Merges a pair at all of its places, and follows the pairs that come of it. */
  #apply(number: number): void {
    const candidates = this.#candidates;
    const [left, right] = [candidates.pairs.left[number]!, candidates.pairs.right[number]!];
    const token = this.#tokens++;
    this.left = left;
    this.right = right;
    const [leftLength, rightLength] = [this.#lengths[left]!, this.#lengths[right]!];
    const length = leftLength + rightLength;
    this.#lengths[token] = length;

    const [symbols, words, counts, lengths] = [
      this.#symbols,
      this.#words,
      this.#counts,
      this.#lengths,
    ];
    const [before, after] = [this.#before, this.#after];
    const { places } = candidates;
    const end = candidates.starts[number + 1]!;
    for (let i = candidates.starts[number]!; i < end; i++) {
      const at = places[i]!;
      const middle = at + leftLength;
      if (symbols[at] !== left || symbols[middle] !== right) continue; // another merge was there
      const next = middle + rightLength;
      symbols[middle - 1] = INSIDE;
      symbols[middle] = INSIDE;
      symbols[at] = token;
      symbols[next - 1] = token;
      const count = counts[words[at]!]!;
      const previous = symbols[at - 1]!;
      if (previous === token) after.add(token, at - length, count);
      else if (previous !== END) before.add(previous, at - lengths[previous]!, count);
      const following = symbols[next]!;
      // Where the same pair follows, it is merged next, and finds this token before it.
      if (following !== END && (following !== left || symbols[next + leftLength] !== right))
        after.add(following, at, count);
    }

    const [least, most] = [this.#least, this.#options.maxTokenLength];
    const target = () => candidates.places;
    before.drain((other, count, size) => {
      candidates.subtract(other, left, count);
      const wanted = count >= least && lengths[other]! + length <= most;
      return wanted ? candidates.add(other, token, count, size) : -1;
    }, target);
    after.drain((other, count, size) => {
      // Two new tokens, one after the other, were right and left.
      candidates.subtract(right, other === token ? left : other, count);
      const wanted = count >= least && lengths[other]! + length <= most;
      return wanted ? candidates.add(token, other, count, size) : -1;
    }, target);
  }
}
