import type { Past } from "@muladd/nn";
import { full, type Tensor, Variable } from "@muladd/tensor";
import type { GPT, Memory } from "./model.ts";

/**
 * The keys and values of every position so far, so that a new token costs one position and not all of them. Memory:
 * 2 · layers · capacity · kvHeads · headWidth · 4 bytes, taken at once. Whoever makes it disposes it.
 */
export class KVCache implements Memory, Disposable {
  /** Positions held. */
  length = 0;
  readonly layers: readonly Layer[];

  constructor(
    model: GPT,
    readonly capacity = model.config.context,
  ) {
    const { layers, kvHeads, headWidth } = model.config;
    this.layers = Array.from(
      { length: layers },
      () => new Layer(this, model, [1, capacity, kvHeads * headWidth]),
    );
  }

  /** Counts `positions` that a forward pass has added. */
  advance(positions: number): void {
    this.length += positions;
  }

  /** Forgets all positions; the memory stays. */
  clear(): void {
    this.length = 0;
  }

  [Symbol.dispose](): void {
    for (const layer of this.layers) layer[Symbol.dispose]();
  }
}

class Layer implements Past, Disposable {
  readonly #k: Variable;
  readonly #v: Variable;
  readonly #cache: KVCache;

  constructor(cache: KVCache, model: GPT, shape: readonly number[]) {
    this.#cache = cache;
    const { backend } = model.tokens.weight;
    using zeros = full(backend, shape, 0);
    using more = full(backend, shape, 0); // of its own: a cell that shares its memory is copied by the first store
    this.#k = new Variable(zeros);
    this.#v = new Variable(more);
  }

  extend(k: Tensor, v: Tensor): { k: Tensor; v: Tensor; keys: number } {
    const at = this.#cache.length;
    this.#k.store(k, 1, at);
    this.#v.store(v, 1, at);
    return { k: this.#k, v: this.#v, keys: at + k.shape[1]! };
  }

  [Symbol.dispose](): void {
    this.#k[Symbol.dispose]();
    this.#v[Symbol.dispose]();
  }
}
