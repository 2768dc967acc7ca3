import type { Matcher } from "./match.ts";

/** The end of the piece at `start` of the text that a matcher holds, which ends at `end`; `~end` for one to drop. */
export type Piece = (start: number, end: number) => number;

/** Ends of pieces that are tried for a boundary, from the last on. */
const TRIES = 16;

/**
 * The last place in `bytes[start, end)` where a piece ends whatever follows `end`, and where all pieces before it stay
 * what they are if the text ends there; `start` for none. The first is so as long as the matcher has not looked at the
 * end of the text; the second is tried. Only for patterns that do not look behind.
 */
export function boundaryOf(
  matcher: Matcher,
  piece: Piece,
): (bytes: Uint8Array, start: number, end: number) => number {
  return (bytes, start, end) => {
    matcher.begin(bytes, start, end);
    const results: number[] = []; // of the pieces whose ends are certain
    const starts: number[] = [start];
    const reaches: number[] = [start]; // how far they and all before them looked
    for (let at = start; at < end; ) {
      matcher.reach = at;
      const result = piece(at, end);
      if (matcher.reach > end) break;
      at = result < 0 ? ~result : result;
      results.push(result);
      starts.push(at);
      reaches.push(Math.max(reaches.at(-1)!, matcher.reach));
    }
    const holds = (count: number): boolean => {
      const cut = starts[count]!;
      matcher.begin(bytes, start, cut);
      for (let i = count - 1; i >= 0 && reaches[i + 1]! > cut; i--)
        if (piece(starts[i]!, cut) !== results[i]) return false;
      return true;
    };
    let count = results.length;
    const least = Math.max(0, count - TRIES);
    while (count > least && !holds(count)) count--;
    matcher.release();
    return count > least ? starts[count]! : start;
  };
}
