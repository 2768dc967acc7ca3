const WAYS = 4;

/** Numbers, of which `pop` takes the smallest: a heap with four children a node, in one typed array. */
export class Queue {
  readonly #keys: Float64Array;
  #size = 0;

  /** `capacity`: how many there can be at once. */
  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(key: number): void {
    const keys = this.#keys;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  /** The smallest key, which goes. There must be one. */
  pop(): number {
    const top = this.#keys[0]!;
    const last = this.#keys[--this.#size]!;
    if (this.#size > 0) this.#sink(0, last);
    return top;
  }

  #sink(from: number, key: number): void {
    const keys = this.#keys;
    const size = this.#size;
    let at = from;
    for (;;) {
      const first = WAYS * at + 1;
      if (first >= size) break;
      const end = Math.min(first + WAYS, size);
      let child = first;
      let least = keys[first]!;
      for (let i = first + 1; i < end; i++) {
        const other = keys[i]!;
        if (other < least) {
          least = other;
          child = i;
        }
      }
      if (least >= key) break;
      keys[at] = least;
      at = child;
    }
    keys[at] = key;
  }
}
