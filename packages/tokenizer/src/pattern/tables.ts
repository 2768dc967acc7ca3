import { CODE_POINTS } from "../unicode.ts";
import type { CodePoints } from "./set.ts";

/** Most kinds of characters, so that a kind is a byte. */
export const KINDS = 256;
const PAGE = 256;

/**
 * Membership of characters in some sets: a kind for each code point, the same where no set tells two apart, and which
 * kinds are in which set.
 */
export interface Tables {
  /** Where the page of a code point's 256 begins in `kinds`; the first page is ASCII's. */
  readonly pages: Int32Array;
  readonly kinds: Uint8Array;
  /** 1 at `set * KINDS + kind` where the kind is in the set. */
  readonly members: Uint8Array;
}

/** `undefined` when the sets tell apart more than {@link KINDS}. */
export function tablesOf(sets: readonly CodePoints[]): Tables | undefined {
  // Between two neighbouring edges no set changes.
  const edges = [0, CODE_POINTS, ...sets.flat().flatMap(([first, last]) => [first, last + 1])];
  const bounds = [...new Set(edges)].sort((a, b) => a - b);
  const next = sets.map(() => 0); // the first range of each set that does not lie before the edge
  const known = new Map<string, number>();
  const all = new Uint8Array(CODE_POINTS);
  for (let i = 0; i + 1 < bounds.length; i++) {
    const at = bounds[i]!;
    const isIn = sets.map((set, s) => {
      while (next[s]! < set.length && set[next[s]!]![1] < at) next[s]!++;
      const range = set[next[s]!];
      return range !== undefined && range[0] <= at;
    });
    const name = isIn.map(Number).join("");
    const kind = known.get(name) ?? known.size;
    if (kind === KINDS) return undefined;
    known.set(name, kind);
    all.fill(kind, at, bounds[i + 1]);
  }
  const members = new Uint8Array(sets.length * KINDS);
  for (const [name, kind] of known)
    for (let set = 0; set < sets.length; set++) members[set * KINDS + kind] = Number(name[set]);
  return { ...paged(all), members };
}

/** Keeps of equal pages one. */
function paged(all: Uint8Array): Pick<Tables, "pages" | "kinds"> {
  const places = new Map<string, number>();
  const kept: Uint8Array[] = [];
  const pages = Int32Array.from({ length: CODE_POINTS / PAGE }, (_, i) => {
    const page = all.subarray(i * PAGE, (i + 1) * PAGE);
    const content = page.join();
    const place = places.get(content) ?? kept.push(page) - 1;
    places.set(content, place);
    return place * PAGE;
  });
  const kinds = new Uint8Array(kept.length * PAGE);
  for (const [i, page] of kept.entries()) kinds.set(page, i * PAGE);
  return { pages, kinds };
}
