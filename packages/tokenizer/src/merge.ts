import { type ByteTable, hashOf } from "./byte-table.ts";
import { ABSENT, Pairs } from "./pairs.ts";
import { RankedQueue } from "./ranked-queue.ts";

/** More merges than any vocabulary has; a limit so that a broken file is told. */
export const MAX_MERGES = 2 ** 21;

const SHORT = 48; // up to here the smallest of all ranks is found faster by looking than by a queue
const REMEMBERED = 2 ** 16; // pairs of tokens whose bytes are too many to be hashed each time
const DIRECT = 16; // bytes of a pair that are hashed each time

/** Which two tokens merge, and how early. */
export class Merges {
  readonly #pairs: Pairs;
  readonly #ranks: ByteTable | undefined;
  readonly #results: Int32Array | undefined;
  /** What `look` found last. */
  rank = -1;
  /** Ranks from here on do not count. */
  below = Infinity;

  /** `pairs`: ranks by pair, `results`: ids by rank; or `ranks`: tokens by rank, and `pairs` to remember them in. */
  constructor(pairs: Pairs, ranks?: ByteTable, results?: Int32Array) {
    this.#pairs = pairs;
    this.#ranks = ranks;
    this.#results = results;
  }

  /** The id that a merge of this rank makes. */
  result(rank: number): number {
    return this.#results ? this.#results[rank]! : rank;
  }

  /** Sets `rank` for two tokens, which spell `bytes[from, to)`; −1 when they do not merge. */
  look(left: number, right: number, bytes: Uint8Array, from: number, to: number): void {
    const ranks = this.#ranks;
    const direct = ranks !== undefined && to - from <= DIRECT;
    this.rank = direct ? ABSENT : this.#pairs.rank(left, right);
    if (this.rank === ABSENT) {
      this.rank = ranks ? ranks.find(bytes, from, to, hashOf(bytes, from, to)) : -1;
      if (ranks && !direct) {
        if (this.#pairs.count >= REMEMBERED) this.#pairs.clear();
        this.#pairs.add(left, right, this.rank);
      }
    }
    if (this.rank >= this.below) this.rank = -1;
  }
}

/** Any two tokens that spell a third merge into it, the one with the smallest id first: tiktoken's rules. */
export const rankedMerges = (vocabulary: ByteTable): Merges =>
  new Merges(new Pairs(1 << 12), vocabulary);

/**
 * `triples`: (left, right, result) of each merge, first merge first: Hugging Face's rules. `never`: results that text
 * must not become.
 */
export function listedMerges(triples: Int32Array, never: ReadonlySet<number> = new Set()): Merges {
  const pairs = new Pairs(triples.length / 3);
  for (let at = 0; at < triples.length; at += 3)
    if (!never.has(triples[at + 2]!) && pairs.rank(triples[at]!, triples[at + 1]!) === ABSENT)
      pairs.add(triples[at]!, triples[at + 1]!, at / 3);
  const results = new Int32Array(triples.length / 3);
  for (let rank = 0; rank < results.length; rank++) results[rank] = triples[3 * rank + 2]!;
  return new Merges(pairs, undefined, results);
}

/**
 * Merges the tokens of one piece until none merge: always the pair of lowest rank, the leftmost of equals. Sennrich,
 * Haddow and Birch 2016, https://arxiv.org/abs/1508.07909
 */
export class Merger {
  /** The tokens, in place, and where each begins in the bytes, with the end of the last. */
  ids: Int32Array = new Int32Array(SHORT);
  starts: Int32Array = new Int32Array(SHORT + 1);
  readonly #ranks = new Int32Array(SHORT);
  readonly #merges: Merges;
  #long: Room | undefined;
  /** Of the last long piece: the next may use it again, until the garbage collector takes it. Fresh memory is dear. */
  #spare: WeakRef<Room> | undefined;

  constructor(merges: Merges) {
    this.#merges = merges;
  }

  /** Makes room for `count` tokens in `ids`, and one more in `starts`. */
  reserve(count: number): void {
    if (this.ids.length >= count) return;
    const spare = this.#spare?.deref();
    this.#long = spare && spare.ids.length >= count ? spare : new Room(count);
    this.ids = this.#long.ids;
    this.starts = this.#long.starts;
  }

  /** Memory of a piece of many tokens is not kept. */
  release(): void {
    if (!this.#long || this.ids.length <= 2 ** 16) return;
    this.#spare = new WeakRef(this.#long);
    this.#long = undefined;
    this.ids = new Int32Array(SHORT);
    this.starts = new Int32Array(SHORT + 1);
  }

  /** Merges the first `count` of `ids`. Returns how many are left. */
  merge(bytes: Uint8Array, count: number): number {
    return this.#long && count > SHORT
      ? this.#many(bytes, count, this.#long)
      : this.#few(bytes, count);
  }

  #few(bytes: Uint8Array, count: number): number {
    const { ids, starts } = this;
    const ranks = this.#ranks;
    const merges = this.#merges;
    let n = count;
    for (let i = 0; i + 1 < n; i++) {
      merges.look(ids[i]!, ids[i + 1]!, bytes, starts[i]!, starts[i + 2]!);
      ranks[i] = merges.rank;
    }
    while (n > 1) {
      let best = -1;
      let lowest = 0x7fffffff;
      for (let i = 0; i + 1 < n; i++) {
        const rank = ranks[i]!;
        if (rank >= 0 && rank < lowest) {
          lowest = rank;
          best = i;
        }
      }
      if (best < 0) break;
      ids[best] = merges.result(lowest);
      n--;
      for (let i = best + 1; i < n; i++) {
        ids[i] = ids[i + 1]!;
        starts[i] = starts[i + 1]!;
        ranks[i] = ranks[i + 1]!;
      }
      starts[n] = starts[n + 1]!;
      for (let i = best; i >= 0 && i >= best - 1; i--) {
        if (i + 1 >= n) continue;
        merges.look(ids[i]!, ids[i + 1]!, bytes, starts[i]!, starts[i + 2]!);
        ranks[i] = merges.rank;
      }
    }
    return n;
  }

  /** A linked list of tokens, and a queue of pairs: O(n log n) at worst. */
  #many(bytes: Uint8Array, n: number, { ids, starts, after, ranks, queue }: Room): number {
    const merges = this.#merges;
    const look = (left: number): void => {
      const right = after[left]!;
      ranks[left] = -1;
      if (right >= n) return;
      merges.look(ids[left]!, ids[right]!, bytes, starts[left]!, starts[after[right]!]!);
      if (merges.rank < 0) return;
      ranks[left] = merges.rank;
      queue.push(merges.rank, left);
    };
    for (let i = 0; i < n; i++) after[i] = i + 1;
    for (let i = 0; i < n; i++) look(i);
    for (let left = queue.next(); left >= 0; left = queue.next()) {
      if (ranks[left] !== queue.rank) continue;
      const right = after[left]!;
      const next = after[right]!;
      ids[left] = merges.result(queue.rank);
      after[left] = next;
      ranks[right] = -1;
      ranks[next - 1] = -2 - left;
      // From left to right, so that the queue's lists stay sorted.
      if (left > 0) {
        const last = ranks[left - 1]!;
        look(last < -1 ? -2 - last : left - 1);
      }
      look(left);
    }
    let count = 0;
    for (let i = 0; i < n; i = after[i]!) {
      ids[count] = ids[i]!;
      starts[count++] = starts[i]!;
    }
    starts[count] = starts[n]!;
    return count;
  }
}

/** What merging `count` tokens needs. */
class Room {
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly after: Int32Array;
  /**
   * Of the pair that begins here, −1 for none: tells what is stale in the queue. The last place of a token of several says
   * where that token begins, as −2 − place: so the token before is found, and one array less fills the caches.
   */
  readonly ranks: Int32Array;
  readonly queue: RankedQueue;

  constructor(count: number) {
    this.ids = new Int32Array(count);
    this.starts = new Int32Array(count + 1);
    this.after = new Int32Array(count);
    this.ranks = new Int32Array(count);
    this.queue = new RankedQueue(3 * count);
  }
}
