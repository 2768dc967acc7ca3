/** Where ids go. One shape for all uses, so that the loop that fills it stays fast. */
export class Sink {
  ids: Int32Array;
  length = 0;
  /** Ids that went on from here. */
  passed = 0;
  readonly #full: (sink: Sink, more: number) => boolean;

  /** `full`: makes room for `more` ids; false ends the encoding. */
  constructor(capacity: number, full: (sink: Sink, more: number) => boolean) {
    this.ids = new Int32Array(capacity);
    this.#full = full;
  }

  /** Whether there is room for `more` ids, or was made. */
  room(more: number): boolean {
    return this.length + more <= this.ids.length || this.#full(this, more);
  }

  get total(): number {
    return this.passed + this.length;
  }
}

function grow(sink: Sink, more: number): true {
  const larger = new Int32Array(Math.max(2 * sink.ids.length, sink.length + more));
  larger.set(sink.ids.subarray(0, sink.length));
  sink.ids = larger;
  return true;
}

/** Keeps all ids. */
export const collect = (capacity: number): Sink => new Sink(capacity, grow);

/** Counts ids, up to more than `limit`. */
export const counter = (limit = Infinity): Sink =>
  new Sink(1024, (sink, more) => {
    sink.passed += sink.length;
    sink.length = 0;
    if (sink.passed > limit) return false;
    return more <= sink.ids.length || grow(sink, more);
  });

/** The ids that `write` puts into a sink, for a text of `length` UTF-16 units. */
export function gather(length: number, write: (sink: Sink) => void): Int32Array {
  const sink = collect((length >> 1) + 16);
  write(sink);
  return sink.ids.slice(0, sink.length);
}
