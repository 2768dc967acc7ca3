import { type ByteTable, hashOf } from "./byte-table.ts";
import { Merger, type Merges } from "./merge.ts";
import { PieceCache } from "./piece-cache.ts";
import type { Scanner } from "./scan/classes.ts";
import type { Sink } from "./sink.ts";

/** What byte-level BPE is made of. */
export interface BPEParts {
  /** What text becomes each token. */
  readonly table: ByteTable;
  readonly merges: Merges;
  /** Whether a piece that is a token becomes it before any merge: tiktoken's way, and `ignore_merges`. */
  readonly wholePieces: boolean;
  /** Each cuts the pieces of the one before. */
  readonly scanners: readonly Scanner[];
  /** Puts the tokens of `bytes[from, to)` that merges start from into `merger`, where they are not its bytes. */
  readonly atoms?:
    | ((bytes: Uint8Array, from: number, to: number, merger: Merger) => number)
    | undefined;
}

const CACHED = 48; // bytes; longer pieces seldom come again

/** Bytes → ids by byte-level BPE, with a memory of pieces seen. */
export class BPE {
  readonly #vocabulary: ByteTable;
  readonly #whole: boolean;
  readonly #scanners: readonly Scanner[];
  readonly #byteIds = new Int32Array(256);
  readonly #merger: Merger;
  readonly #cache = new PieceCache();
  readonly #atoms: BPEParts["atoms"];

  constructor({ table, merges, wholePieces, scanners, atoms }: BPEParts) {
    this.#vocabulary = table;
    this.#atoms = atoms;
    this.#whole = wholePieces;
    this.#scanners = scanners;
    this.#merger = new Merger(merges);
    for (let byte = 0; byte < 256; byte++) {
      const one = Uint8Array.of(byte);
      this.#byteIds[byte] = this.#vocabulary.find(one, 0, 1, hashOf(one, 0, 1));
    }
  }

  /** The ids of `bytes[start, end)`, UTF-8 without errors. False when the sink wanted no more. */
  encode(bytes: Uint8Array, start: number, end: number, sink: Sink, level = 0): boolean {
    const scan = this.#scanners[level];
    if (!scan) return this.piece(bytes, start, end, sink);
    const last = level + 1 === this.#scanners.length;
    for (let from = start; from < end; ) {
      const found = scan(bytes, from, end, start);
      const to = found < 0 ? ~found : found;
      if (found >= 0) {
        const more = last
          ? this.piece(bytes, from, to, sink)
          : this.encode(bytes, from, to, sink, level + 1);
        if (!more) return false;
      }
      from = to;
    }
    return true;
  }

  /** The pieces of `bytes[start, end)`. */
  *pieces(bytes: Uint8Array, start: number, end: number, level = 0): Generator<[number, number]> {
    const scan = this.#scanners[level];
    if (!scan) yield [start, end];
    else
      for (let from = start; from < end; ) {
        const found = scan(bytes, from, end, start);
        const to = found < 0 ? ~found : found;
        if (found >= 0) yield* this.pieces(bytes, from, to, level + 1);
        from = to;
      }
  }

  /** The ids of one piece. False when the sink wanted no more. */
  piece(bytes: Uint8Array, from: number, to: number, sink: Sink): boolean {
    if (!sink.room(to - from)) return false;
    const length = to - from;
    if (length > CACHED) {
      this.#merge(bytes, from, to, sink);
      return true;
    }
    const hash = hashOf(bytes, from, to);
    if (this.#whole) {
      const id = this.#vocabulary.find(bytes, from, to, hash);
      if (id >= 0) {
        sink.ids[sink.length++] = id;
        return true;
      }
    }
    const written = this.#cache.read(bytes, from, to, hash, sink.ids, sink.length);
    if (written > 0) sink.length += written;
    else {
      const before = sink.length;
      this.#merge(bytes, from, to, sink);
      this.#cache.write(bytes, from, to, hash, sink.ids, before, sink.length);
    }
    return true;
  }

  #merge(bytes: Uint8Array, from: number, to: number, sink: Sink): void {
    const merger = this.#merger;
    const count = to - from;
    if (this.#whole && count > CACHED) {
      const id = this.#vocabulary.find(bytes, from, to, hashOf(bytes, from, to));
      if (id >= 0) {
        sink.ids[sink.length++] = id;
        return;
      }
    }
    merger.reserve(count);
    const { ids, starts } = merger;
    let atoms = count;
    if (this.#atoms) atoms = this.#atoms(bytes, from, to, merger);
    else
      for (let i = 0; i < count; i++) {
        ids[i] = this.#byteIds[bytes[from + i]!]!;
        starts[i] = from + i;
      }
    starts[atoms] = to;
    const left = merger.merge(bytes, atoms);
    for (let i = 0; i < left; i++) sink.ids[sink.length++] = ids[i]!;
    merger.release();
  }
}
