import { type ByteTable, hashOf } from "../byte-table.ts";
import type { Merger } from "../merge.ts";
import { lengthOf } from "../scan/classes.ts";

/** The tokens that merges start from: characters, and what stands for those that are none. */
export interface Atoms {
  /** Whether each byte counts as a character: byte-level text of a vocabulary that lacks some of them. */
  readonly single: boolean;
  /** Tokens by their text. */
  readonly table: ByteTable;
  /** Ids of the tokens `<0x00>` … `<0xFF>`, which stand for the bytes of characters that are no token. */
  readonly bytes: Int32Array | undefined;
  /** What a character becomes that is neither, and whether a run of them becomes one. */
  readonly unknown: number | undefined;
  readonly fuse: boolean;
}

/** Where the character at `at` ends. */
export const atomEnd = ({ single }: Atoms, bytes: Uint8Array, at: number): number =>
  at + (single ? 1 : lengthOf(bytes[at]!));

/** The token that the character `bytes[at, end)` is, or −1. */
export const atomAt = ({ table }: Atoms, bytes: Uint8Array, at: number, end: number): number =>
  table.find(bytes, at, end, hashOf(bytes, at, end));

/** Puts the tokens of `bytes[from, to)` into `merger`. Returns how many. */
export function putAtoms(
  atoms: Atoms,
  bytes: Uint8Array,
  from: number,
  to: number,
  merger: Merger,
): number {
  const { ids, starts } = merger;
  let count = 0;
  let open = false; // whether the last one is a run of unknown characters
  for (let at = from; at < to; ) {
    const end = atomEnd(atoms, bytes, at);
    const id = atomAt(atoms, bytes, at, end);
    if (id >= 0) {
      ids[count] = id;
      starts[count++] = at;
      open = false;
    } else if (atoms.bytes)
      for (let i = at; i < end; i++) {
        ids[count] = atoms.bytes[bytes[i]!]!;
        starts[count++] = i;
      }
    else if (!open) {
      ids[count] = atoms.unknown!;
      starts[count++] = at;
      open = atoms.fuse;
    }
    at = end;
  }
  return count;
}
