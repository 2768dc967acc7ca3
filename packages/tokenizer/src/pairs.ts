const EMPTY = -1;

/** Open addressing: (left, right) → rank and id of what the two merge into. Rank −1: known not to merge. */
export class Pairs {
  #slots: Int32Array; // left, right, rank, id
  #count = 0;

  constructor(pairs = 256) {
    this.#slots = new Int32Array(8 * 2 ** Math.ceil(Math.log2(Math.max(pairs, 2)))).fill(EMPTY);
  }

  get count(): number {
    return this.#count;
  }

  /** Where the pair stands, or −1; `rank(at)` and `id(at)` read what is there. */
  find(left: number, right: number): number {
    const slots = this.#slots;
    const mask = slots.length - 4;
    let at = place(left, right) & mask;
    while (slots[at] !== EMPTY) {
      if (slots[at] === left && slots[at + 1] === right) return at;
      at = (at + 4) & mask;
    }
    return -1;
  }

  rank(at: number): number {
    return this.#slots[at + 2]!;
  }

  id(at: number): number {
    return this.#slots[at + 3]!;
  }

  /** Adds a pair that is not there. Returns where it stands, until the next `add`. */
  add(left: number, right: number, rank: number, id: number): number {
    if (8 * ++this.#count > this.#slots.length) this.#grow(); // half full
    const slots = this.#slots;
    const mask = slots.length - 4;
    let at = place(left, right) & mask;
    while (slots[at] !== EMPTY) at = (at + 4) & mask;
    slots[at] = left;
    slots[at + 1] = right;
    slots[at + 2] = rank;
    slots[at + 3] = id;
    return at;
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
      if (old[at] !== EMPTY) this.add(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
  }
}

/** A multiple of four, before the mask. */
function place(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) << 2;
}
