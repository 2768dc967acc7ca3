import { fitting } from "./fitting.ts";
import { PairCounts } from "./pair-counts.ts";

const WAYS = 4;

/**
 * Pairs that may be merged, each with the places where it was when it was added, and a heap of them: the most frequent
 * first, of equals the one with the smallest left, then the smallest right token. The heap is lazy: a pair that has
 * become rarer is found out when it is taken, and goes back with its present count.
 */
export class Candidates {
  /** Places of pair `i`: `places[starts[i], starts[i + 1])`, ascending. */
  places: Int32Array = new Int32Array(1024);
  starts: Int32Array = new Int32Array(256);
  readonly pairs = new PairCounts();
  // By position in the heap: the number of a pair, and its count when it was queued.
  #numbers: Int32Array = new Int32Array(256);
  #queued: Float64Array = new Float64Array(256);
  #size = 0;

  /** Adds a pair with room for its places, and returns where in `places` they begin. */
  add(left: number, right: number, count: number, places: number): number {
    const number = this.pairs.add(left, right, count);
    this.starts = fitting(this.starts, number + 2);
    const start = this.starts[number]!;
    this.starts[number + 1] = start + places;
    this.places = fitting(this.places, start + places);
    this.#numbers = fitting(this.#numbers, this.#size + 1);
    this.#queued = fitting(this.#queued, this.#size + 1);
    this.#rise(this.#size++, number, count);
    return start;
  }

  /** A pair, if it is one of these, occurs `amount` times less. */
  subtract(left: number, right: number, amount: number): void {
    const number = this.pairs.find(left, right);
    if (number >= 0) this.pairs.counts[number]! -= amount;
  }

  /** Takes the most frequent pair: its number, or −1 when none occurs `least` times. */
  take(least: number): number {
    const { counts } = this.pairs;
    while (this.#size > 0) {
      const number = this.#numbers[0]!;
      const count = counts[number]!;
      const fresh = count === this.#queued[0];
      if (!fresh && count >= least) {
        this.#sink(number, count);
        continue;
      }
      const last = --this.#size;
      if (last > 0) this.#sink(this.#numbers[last]!, this.#queued[last]!);
      if (fresh) return number;
    }
    return -1;
  }

  /** Whether pair `a` comes before pair `b`, by their counts in the heap. */
  #before(a: number, countA: number, b: number, countB: number): boolean {
    if (countA !== countB) return countA > countB;
    const { left, right } = this.pairs;
    return left[a] === left[b] ? right[a]! < right[b]! : left[a]! < left[b]!;
  }

  #rise(from: number, number: number, count: number): void {
    const [numbers, queued] = [this.#numbers, this.#queued];
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#before(number, count, numbers[parent]!, queued[parent]!)) break;
      numbers[at] = numbers[parent]!;
      queued[at] = queued[parent]!;
      at = parent;
    }
    numbers[at] = number;
    queued[at] = count;
  }

  /** Puts a pair where the first one was. */
  #sink(number: number, count: number): void {
    const [numbers, queued, size] = [this.#numbers, this.#queued, this.#size];
    let at = 0;
    for (;;) {
      let child = WAYS * at + 1;
      if (child >= size) break;
      const end = Math.min(child + WAYS, size);
      for (let other = child + 1; other < end; other++)
        if (this.#before(numbers[other]!, queued[other]!, numbers[child]!, queued[child]!))
          child = other;
      if (!this.#before(numbers[child]!, queued[child]!, number, count)) break;
      numbers[at] = numbers[child]!;
      queued[at] = queued[child]!;
      at = child;
    }
    numbers[at] = number;
    queued[at] = count;
  }
}
