import { fitting } from "./fitting.ts";
import { ABSENT, Pairs } from "./pairs.ts";

/** Pairs of tokens, numbered from 0 as they come, and how often each occurs. */
export class PairCounts {
  left: Int32Array;
  right: Int32Array;
  counts: Float64Array;
  size = 0;
  readonly #numbers: Pairs;

  /** `pairs`: how many to make room for at first. */
  constructor(pairs = 256) {
    this.left = new Int32Array(pairs);
    this.right = new Int32Array(pairs);
    this.counts = new Float64Array(pairs);
    this.#numbers = new Pairs(pairs);
  }

  /** The number of a pair, or −1. */
  find(left: number, right: number): number {
    const number = this.#numbers.rank(left, right);
    return number === ABSENT ? -1 : number;
  }

  /** Numbers a pair that is not there. */
  add(left: number, right: number, count: number): number {
    const number = this.size++;
    this.left = fitting(this.left, this.size);
    this.right = fitting(this.right, this.size);
    this.counts = fitting(this.counts, this.size);
    this.left[number] = left;
    this.right[number] = right;
    this.counts[number] = count;
    this.#numbers.add(left, right, number);
    return number;
  }
}
