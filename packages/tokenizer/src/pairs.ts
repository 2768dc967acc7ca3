const EMPTY = -1;

/** What {@link Pairs.rank} says of a pair that was never added. */
export const ABSENT = -2;

/** (left, right) → the rank of their merge, or −1: known not to merge. Open addressing, at most half full. */
export class Pairs {
  #slots: Int32Array; // left, right, rank, and nothing, so that a slot is a power of two
  #count = 0;

  constructor(pairs = 256) {
    this.#slots = new Int32Array(8 * 2 ** Math.ceil(Math.log2(Math.max(pairs, 2)))).fill(EMPTY);
  }

  get count(): number {
    return this.#count;
  }

  rank(left: number, right: number): number {
    const slots = this.#slots;
    const mask = slots.length - 4;
    let at = place(left, right) & mask;
    while (slots[at] !== EMPTY) {
      if (slots[at] === left && slots[at + 1] === right) return slots[at + 2]!;
      at = (at + 4) & mask;
    }
    return ABSENT;
  }

  /** Adds a pair that is not there. */
  add(left: number, right: number, rank: number): void {
    if (8 * ++this.#count > this.#slots.length) this.#grow();
    const slots = this.#slots;
    const mask = slots.length - 4;
    let at = place(left, right) & mask;
    while (slots[at] !== EMPTY) at = (at + 4) & mask;
    slots[at] = left;
    slots[at + 1] = right;
    slots[at + 2] = rank;
  }

  clear(): void {
    this.#slots.fill(EMPTY);
    this.#count = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length).fill(EMPTY);
    this.#count = 1; // the one that is being added
    for (let at = 0; at < old.length; at += 4)
      if (old[at] !== EMPTY) this.add(old[at]!, old[at + 1]!, old[at + 2]!);
  }
}

/** A multiple of four, before the mask. */
function place(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) << 2;
}
