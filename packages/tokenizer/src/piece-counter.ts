import { ByteTable, hashOf } from "./byte-table.ts";
import { fitting } from "./fitting.ts";
import type { Pretokenizer } from "./pretokenizer.ts";
import { wholeCharacters } from "./stream.ts";

const PART = 65_536; // UTF-16 units encoded at a time, so that the bytes stay in the processor's cache

/** What is counted, and how. */
export interface CountOptions {
  readonly pretokenizer: Pretokenizer;
  /** Distinct pieces to remember. */
  readonly maxWords: number;
  /** Bytes that may be held because no piece is known to end in them. */
  readonly longest: number;
}

/** Counts the distinct pieces of texts that arrive in parts. It keeps the pieces, and no text. */
export class PieceCounter {
  /** Piece `i` occurs `counts[i]` times. */
  pieces = new ByteTable(1 << 12, 1 << 15);
  counts: Float64Array = new Float64Array(1 << 12);
  /** UTF-16 units seen so far. */
  units = 0;
  readonly #options: CountOptions;
  readonly #onPart: (units: number) => void;
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(4 * PART); // not counted yet
  #length = 0;
  #looked = 0; // the length at which `#bytes` was last searched for a boundary: never twice within a doubling
  #half = ""; // the first half of a surrogate pair

  /** `onPart`: told `units` now and then. */
  constructor(options: CountOptions, onPart: (units: number) => void) {
    this.#options = options;
    this.#onPart = onPart;
  }

  /** Reads a part of a text. Throws RangeError when too much must be held. */
  push(text: string): void {
    for (let from = 0; from < text.length; from += PART) {
      const part = text.slice(from, from + PART);
      const joined = this.#half + part;
      const end = wholeCharacters(joined);
      this.#half = joined.slice(end);
      this.#encode(joined.slice(0, end));
      if (this.#length >= Math.max(2 * this.#looked, PART)) this.#settle();
      this.units += part.length;
      this.#onPart(this.units);
    }
  }

  /** Ends the text. */
  end(): void {
    this.#encode(this.#half);
    this.#half = "";
    this.#count(0, this.#length, 0);
    this.#length = 0;
    this.#looked = 0;
  }

  #encode(text: string): void {
    const most = this.#length + 3 * text.length;
    if (most > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, most));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Counts up to the last place where a piece ends whatever follows. */
  #settle(): void {
    const { pretokenizer, longest } = this.#options;
    const { scanners, boundary } = pretokenizer;
    const at = boundary && scanners.length > 0 ? boundary(this.#bytes, 0, this.#length) : 0;
    this.#count(0, at, 0);
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    this.#looked = this.#length;
    if (this.#length > longest)
      throw new RangeError(
        `trainBPEStream: ${this.#length} bytes without a place where a token must end; ` +
          "is this text, and has the pretokenizer a boundary? Pass whole texts to trainBPE instead",
      );
  }

  #count(start: number, end: number, level: number): void {
    const { scanners } = this.#options.pretokenizer;
    const scan = scanners[level];
    if (!scan) {
      if (start < end) this.#add(start, end);
      return;
    }
    const last = level + 1 === scanners.length;
    const bytes = this.#bytes;
    for (let from = start; from < end; ) {
      const found = scan(bytes, from, end, start);
      const to = found < 0 ? ~found : found;
      if (found >= 0) {
        if (last) this.#add(from, to);
        else this.#count(from, to, level + 1);
      }
      from = to;
    }
  }

  #add(from: number, to: number): void {
    const bytes = this.#bytes;
    const hash = hashOf(bytes, from, to);
    let piece = this.pieces.find(bytes, from, to, hash);
    if (piece < 0) {
      if (this.pieces.size >= this.#options.maxWords) this.#forget();
      piece = this.pieces.add(bytes, from, to, hash);
      this.counts = fitting(this.counts, piece + 1);
    }
    this.counts[piece]!++;
  }

  /** Keeps the more frequent half; of equals those that came first. */
  #forget(): void {
    const { pieces, counts } = this;
    const keep = this.#options.maxWords >> 1;
    const least = counts.slice(0, pieces.size).sort()[pieces.size - keep]!;
    let equals = keep;
    for (let piece = 0; piece < pieces.size; piece++) if (counts[piece]! > least) equals--;
    const kept = new ByteTable(keep, pieces.bytes.length >> 1);
    for (let piece = 0; piece < pieces.size; piece++) {
      const count = counts[piece]!;
      if (count < least || (count === least && equals-- <= 0)) continue;
      const [from, to] = [pieces.starts[piece]!, pieces.starts[piece + 1]!];
      counts[kept.add(pieces.bytes, from, to, hashOf(pieces.bytes, from, to))] = count;
    }
    counts.fill(0, kept.size);
    this.pieces = kept;
  }
}
