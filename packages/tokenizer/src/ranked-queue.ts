import { Queue } from "./queue.ts";

const NONE = -1;

/**
 * Positions by rank: `next` takes the leftmost of the lowest rank. Positions of one rank mostly come in order, so that
 * a list for each rank keeps them, and only the ranks need a heap: linear on text that repeats.
 */
export class RankedQueue {
  // Entries: a position, and the entry after it in its list; the free ones are a list too.
  #positions: Int32Array;
  #after: Int32Array;
  #used = 0;
  #free = NONE;
  readonly #lists = new Map<number, List>();
  readonly #ranks = new Queue();
  #now: List | undefined;

  /** `capacity`: how many positions there may be at once. */
  constructor(capacity: number) {
    this.#positions = new Int32Array(capacity);
    this.#after = new Int32Array(capacity);
  }

  /** The rank of what `next` gave last. */
  rank = NONE;

  push(rank: number, position: number): void {
    const now = this.#now;
    let list = now?.rank === rank ? now : this.#lists.get(rank);
    if (!list) {
      list = { rank, head: NONE, tail: NONE, sorted: true };
      this.#lists.set(rank, list);
    }
    let entry = this.#free;
    if (entry === NONE) entry = this.#used++;
    else this.#free = this.#after[entry]!;
    this.#positions[entry] = position;
    this.#after[entry] = NONE;
    if (list.head === NONE) {
      list.head = entry;
      if (list !== now) this.#ranks.push(rank);
    } else {
      if (this.#positions[list.tail]! > position) list.sorted = false;
      this.#after[list.tail] = entry;
    }
    list.tail = entry;
    // What comes before the list at hand interrupts it.
    if (now && rank < now.rank) {
      this.#now = undefined;
      if (now.head !== NONE) this.#ranks.push(now.rank);
    }
  }

  /** The leftmost position of the lowest rank, which goes; −1 when there is none. */
  next(): number {
    let list = this.#now;
    while (!list || list.head === NONE) {
      if (this.#ranks.size === 0) return this.#end();
      list = this.#lists.get(this.#ranks.pop());
    }
    this.#now = list;
    if (!list.sorted) this.#sort(list);
    const entry = list.head;
    list.head = this.#after[entry]!;
    this.#after[entry] = this.#free;
    this.#free = entry;
    this.rank = list.rank;
    return this.#positions[entry]!;
  }

  /** As at first, so that the next use finds its entries in order. */
  #end(): number {
    this.#used = 0;
    this.#free = NONE;
    this.#lists.clear();
    this.#now = undefined;
    return NONE;
  }

  #sort(list: List): void {
    const found: number[] = [];
    for (let entry = list.head; entry !== NONE; entry = this.#after[entry]!)
      found.push(this.#positions[entry]!);
    const sorted = Int32Array.from(found).sort();
    let i = 0;
    for (let entry = list.head; entry !== NONE; entry = this.#after[entry]!)
      this.#positions[entry] = sorted[i++]!;
    list.sorted = true;
  }
}

interface List {
  readonly rank: number;
  head: number;
  tail: number;
  sorted: boolean;
}
