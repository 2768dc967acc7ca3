import { ByteTable } from "./byte-table.ts";
import { fitting } from "./fitting.ts";

const PIECES = 2 ** 16; // of one generation

/** Ids of pieces, by the pieces' bytes. */
class Generation {
  readonly pieces = new ByteTable();
  ids: Int32Array = new Int32Array(1024);
  ends: Int32Array = new Int32Array(256);
}

/**
 * Ids of pieces that were seen. It keeps two generations: when the younger is full, the older goes, and pieces that
 * were used since are in the younger again.
 */
export class PieceCache {
  #young = new Generation();
  #old = new Generation();

  /** Writes the ids of `bytes[from, to)` to `out` at `at`; returns how many, 0 for a piece that is not known. */
  read(
    bytes: Uint8Array,
    from: number,
    to: number,
    hash: number,
    out: Int32Array,
    at: number,
  ): number {
    const young = this.#young;
    const found = young.pieces.find(bytes, from, to, hash);
    if (found >= 0) return copy(young, found, out, at);
    const old = this.#old.pieces.size > 0 ? this.#old.pieces.find(bytes, from, to, hash) : -1;
    if (old < 0) return 0;
    const count = copy(this.#old, old, out, at);
    this.write(bytes, from, to, hash, out, at, at + count);
    return count;
  }

  /** Remembers `ids[start, end)` for `bytes[from, to)`, a piece that is not known. */
  write(
    bytes: Uint8Array,
    from: number,
    to: number,
    hash: number,
    ids: Int32Array,
    start: number,
    end: number,
  ): void {
    if (this.#young.pieces.size >= PIECES) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    const young = this.#young;
    const piece = young.pieces.add(bytes, from, to, hash);
    let at = piece > 0 ? young.ends[piece - 1]! : 0;
    young.ids = fitting(young.ids, at + end - start);
    young.ends = fitting(young.ends, piece + 1);
    for (let i = start; i < end; i++) young.ids[at++] = ids[i]!;
    young.ends[piece] = at;
  }
}

function copy({ ids, ends }: Generation, piece: number, out: Int32Array, at: number): number {
  const start = piece > 0 ? ends[piece - 1]! : 0;
  const end = ends[piece]!;
  for (let i = start, to = at; i < end; i++) out[to++] = ids[i]!;
  return end - start;
}
