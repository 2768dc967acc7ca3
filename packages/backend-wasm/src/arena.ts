/** A stretch of addresses: in use, or free and in a bin. Neighbours are linked in address order. */
export interface Block {
  start: number;
  bytes: number;
  free: boolean;
  prev: Block | undefined;
  next: Block | undefined;
}

export const ALIGNMENT = 64;

/** Two bins per power of two. */
const binOf = (bytes: number): number => {
  const units = bytes / ALIGNMENT; // a word holds them, which would not hold the bytes
  const log = 31 - Math.clz32(units);
  return log * 2 + (log > 0 ? (units >>> (log - 1)) & 1 : 0);
};

/**
 * Addresses, not bytes: hands out aligned blocks of one range that grows at its end. Free neighbours merge, and the
 * smallest block that fits is taken, the lowest of equals: so the choice depends only on what is in use, and a training
 * step that frees what it took finds the same addresses in the next one.
 */
export class Arena {
  readonly #bins: Block[][] = Array.from({ length: 66 }, () => []);
  #last: Block | undefined;
  #top: number;

  /** Addresses from `start`, a multiple of 64. */
  constructor(start: number) {
    this.#top = start;
  }

  /** One past the highest address in use. */
  get top(): number {
    return this.#top;
  }

  static roundUp(bytes: number): number {
    return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  }

  /**
   * A block of at least `bytes`. `reserve(top)` is asked before the range grows, and answers whether addresses below
   * `top` may be used; `undefined` when they may not.
   */
  take(bytes: number, reserve: (top: number) => boolean): Block | undefined {
    const size = Arena.roundUp(bytes);
    const block = this.#fit(size);
    if (block) {
      this.#removeFree(block);
      if (block.bytes > size) this.#split(block, size);
      return block;
    }
    if (!reserve(this.#top + size)) return undefined;
    const fresh: Block = {
      start: this.#top,
      bytes: size,
      free: false,
      prev: this.#last,
      next: undefined,
    };
    if (this.#last) this.#last.next = fresh;
    this.#last = fresh;
    this.#top += size;
    return fresh;
  }

  give(block: Block): void {
    const { prev, next } = block;
    if (prev?.free) {
      this.#removeFree(prev);
      this.#absorb(block, prev.start, prev.prev, block.next);
      block.bytes += prev.bytes;
    }
    if (next?.free) {
      this.#removeFree(next);
      block.bytes += next.bytes;
      this.#absorb(block, block.start, block.prev, next.next);
    }
    if (block.next) {
      block.free = true;
      this.#bins[binOf(block.bytes)]!.push(block);
      return;
    }
    // The last block goes back to the range's end.
    this.#top = block.start;
    this.#last = block.prev;
    if (this.#last) this.#last.next = undefined;
  }

  #fit(size: number): Block | undefined {
    for (let b = binOf(size); b < this.#bins.length; b++) {
      let best: Block | undefined;
      for (const block of this.#bins[b]!)
        if (
          block.bytes >= size &&
          (!best ||
            block.bytes < best.bytes ||
            (block.bytes === best.bytes && block.start < best.start))
        )
          best = block;
      if (best) return best;
    }
    return undefined;
  }

  #split(block: Block, size: number): void {
    const rest: Block = {
      start: block.start + size,
      bytes: block.bytes - size,
      free: true,
      prev: block,
      next: block.next,
    };
    block.bytes = size;
    block.next!.prev = rest; // a free block is never the last
    block.next = rest;
    this.#bins[binOf(rest.bytes)]!.push(rest);
  }

  #absorb(block: Block, start: number, prev: Block | undefined, next: Block | undefined): void {
    block.start = start;
    block.prev = prev;
    block.next = next;
    if (prev) prev.next = block;
    if (next) next.prev = block;
    else this.#last = block;
  }

  #removeFree(block: Block): void {
    const bin = this.#bins[binOf(block.bytes)]!;
    const last = bin.pop()!;
    if (last !== block) bin[bin.indexOf(block)] = last;
    block.free = false;
  }
}
