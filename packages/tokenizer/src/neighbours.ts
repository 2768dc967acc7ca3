import { fitting } from "./fitting.ts";

/** The tokens on one side of a merge, by token: how often each stands there, and where in the text. */
export class Neighbours {
  readonly #seen: Int32Array; // the tokens, in the order in which they came
  #size = 0;
  readonly #counts: Float64Array;
  readonly #places: Int32Array; // how many; in `drain` where the next goes
  #log: Int32Array = new Int32Array(1024); // token, place
  #logged = 0;

  /** `tokens`: ids are below it. */
  constructor(tokens: number) {
    this.#seen = new Int32Array(tokens);
    this.#counts = new Float64Array(tokens);
    this.#places = new Int32Array(tokens);
  }

  add(token: number, place: number, count: number): void {
    if (this.#places[token]!++ === 0) this.#seen[this.#size++] = token;
    this.#counts[token]! += count;
    if (this.#logged + 2 > this.#log.length) this.#log = fitting(this.#log, this.#logged + 2);
    this.#log[this.#logged++] = token;
    this.#log[this.#logged++] = place;
  }

  /**
   * Asks for each token where its places shall go: `start(token, count, places)`, negative for nowhere. Then writes
   * them to `places()`, in the order in which they came, and forgets everything.
   */
  drain(
    start: (token: number, count: number, places: number) => number,
    places: () => Int32Array,
  ): void {
    const next = this.#places;
    let wanted = false;
    for (let i = 0; i < this.#size; i++) {
      const token = this.#seen[i]!;
      next[token] = start(token, this.#counts[token]!, next[token]!);
      if (next[token]! >= 0) wanted = true;
    }
    if (wanted) {
      const target = places();
      for (let i = 0; i < this.#logged; i += 2) {
        const token = this.#log[i]!;
        if (next[token]! >= 0) target[next[token]!++] = this.#log[i + 1]!;
      }
    }
    for (let i = 0; i < this.#size; i++) {
      const token = this.#seen[i]!;
      next[token] = 0;
      this.#counts[token] = 0;
    }
    this.#size = 0;
    this.#logged = 0;
  }
}
