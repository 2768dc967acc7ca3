const FREE = 0;

/** A hash of `bytes[from, to)`: FNV-1a, its bits mixed at the end. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** Byte strings, numbered from 0 as they come, in one block of memory; found again by what they hold. */
export class ByteTable {
  /** The bytes of string `i` are `bytes[starts[i], starts[i + 1])`. */
  bytes: Uint8Array;
  starts: Uint32Array;
  size = 0;
  // Pairs: the hash, and the number + 1. A power of two, at most half full.
  #slots: Int32Array;
  #found = 0;

  /** How many strings, and bytes of all of them, to make room for at first. */
  constructor(strings = 256, bytes = 2048) {
    this.bytes = new Uint8Array(bytes);
    this.starts = new Uint32Array(strings + 1);
    this.#slots = new Int32Array(4 * 2 ** Math.ceil(Math.log2(Math.max(strings, 2))));
  }

  /** The number of `bytes[from, to)`, or −1. `hash`: as {@link hashOf} has it. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    const { starts, bytes: own } = this;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const number = slots[slot + 1]!;
      if (number === FREE) return -1;
      if (slots[slot] !== hash) continue;
      let at = starts[number - 1]!;
      if (starts[number]! - at !== to - from) continue;
      let i = from;
      while (i < to && bytes[i] === own[at]) {
        i++;
        at++;
      }
      if (i === to) return number - 1;
    }
  }

  /** Numbers `bytes[from, to)`, which must be new. Returns its number. */
  add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const number = this.append(bytes, from, to);
    this.#found++;
    if (4 * this.#found > this.#slots.length) this.#grow();
    this.#place(hash, number + 1);
    return number;
  }

  /** Numbers `bytes[from, to)` without making it findable. */
  append(bytes: Uint8Array, from: number, to: number): number {
    const start = this.starts[this.size]!;
    const end = start + to - from;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, end));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    if (this.size + 1 >= this.starts.length) {
      const larger = new Uint32Array(2 * this.starts.length);
      larger.set(this.starts);
      this.starts = larger;
    }
    for (let i = from, at = start; i < to; i++) this.bytes[at++] = bytes[i]!;
    this.starts[++this.size] = end;
    return this.size - 1;
  }

  #place(hash: number, entry: number): void {
    const mask = this.#slots.length - 2;
    let slot = (hash << 1) & mask;
    while (this.#slots[slot + 1] !== FREE) slot = (slot + 2) & mask;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = entry;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (let slot = 0; slot < old.length; slot += 2)
      if (old[slot + 1] !== FREE) this.#place(old[slot]!, old[slot + 1]!);
  }
}
