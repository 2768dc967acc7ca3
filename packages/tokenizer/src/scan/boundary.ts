import { before, classAt, LETTER, MARK, NUMBER } from "./classes.ts";
import { APOSTROPHE } from "./common.ts";

/**
 * The last place in `bytes[start, end)` where every pattern of scan/ ends a piece whatever follows `end`, or `start`:
 * after a letter or a number, before a character that is neither, nor a mark, nor an apostrophe. There no pattern goes
 * on, and none looks back.
 */
export function lastBoundary(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end; at > start; ) {
    const next = before(bytes, at);
    if (next <= start) break;
    const settled =
      bytes[next] !== APOSTROPHE && (classAt(bytes, next) & (LETTER | NUMBER | MARK)) === 0;
    if (settled && classAt(bytes, before(bytes, next)) & (LETTER | NUMBER)) return next;
    at = next;
  }
  return start;
}
