import { Heap } from "./heap.ts";

/** Which two tokens merge into which, and how early. */
export class Merges {
  readonly #ranks = new Map<number, number>();
  readonly #results: Int32Array;
  readonly #size: number;

  /** `triples`: (left, right, result) of each merge, first merge first. `size`: above every id. */
  constructor(triples: Int32Array, size: number) {
    this.#size = size;
    this.#results = new Int32Array(triples.length / 3);
    for (let rank = 0; rank < this.#results.length; rank++) {
      this.#ranks.set(triples[3 * rank]! * size + triples[3 * rank + 1]!, rank);
      this.#results[rank] = triples[3 * rank + 2]!;
    }
  }

  /** The rank of (left, right): lower merges first; −1 when they do not merge. */
  rank(left: number, right: number): number {
    return this.#ranks.get(left * this.#size + right) ?? -1;
  }

  /** The id that the merge of this rank makes. */
  result(rank: number): number {
    return this.#results[rank]!;
  }
}

const POSITIONS = 2 ** 32;

/** More would not fit beside a position in one float64. */
export const MAX_MERGES = 2 ** 21;

const ascending = (a: number, b: number): boolean => a < b;

/**
 * Merges the tokens of one piece in place until none merge: always the pair of lowest rank, the leftmost of equals.
 * Returns how many tokens are left, at the front of `ids`. O(n log n): a linked list of tokens, and a heap of pairs.
 * Sennrich, Haddow and Birch 2016, https://arxiv.org/abs/1508.07909
 */
export function mergePiece(ids: Int32Array, merges: Merges): number {
  const n = ids.length;
  const before = new Int32Array(n);
  const after = new Int32Array(n);
  const ranks = new Int32Array(n); // of the pair that begins here; −1 for none. Tells stale heap entries.
  const queue = new Heap<number>(ascending); // rank · 2³² + position

  const consider = (left: number): void => {
    const right = after[left]!;
    const rank = right < n ? merges.rank(ids[left]!, ids[right]!) : -1;
    ranks[left] = rank;
    if (rank >= 0) queue.push(rank * POSITIONS + left);
  };

  for (let i = 0; i < n; i++) {
    before[i] = i - 1;
    after[i] = i + 1;
  }
  for (let i = 0; i < n; i++) consider(i);

  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const rank = Math.floor(key / POSITIONS);
    const left = key - rank * POSITIONS;
    if (ranks[left] !== rank) continue;
    const right = after[left]!;
    const next = after[right]!;
    ids[left] = merges.result(rank);
    ranks[right] = -1;
    after[left] = next;
    if (next < n) before[next] = left;
    consider(left);
    if (before[left]! >= 0) consider(before[left]!);
  }

  let count = 0;
  for (let i = 0; i < n; i = after[i]!) ids[count++] = ids[i]!;
  return count;
}
