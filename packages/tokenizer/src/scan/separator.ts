import type { Scanner } from "./classes.ts";

/** Where `wanted` is in `bytes[from, end)` first, or `end`. */
export function findBytes(
  bytes: Uint8Array,
  wanted: Uint8Array,
  from: number,
  end: number,
): number {
  const last = end - wanted.length;
  for (let at = from; at <= last; at++) {
    let i = 0;
    while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
    if (i === wanted.length) return at;
  }
  return end;
}

/** Ends each piece before `separator`, one character; `runs`: before each run of it. */
export const beforeSeparator =
  (separator: Uint8Array, runs: boolean): Scanner =>
  (bytes, start, end) => {
    let from = start;
    if (runs)
      while (from < end && findBytes(bytes, separator, from, from + separator.length) === from)
        from += separator.length;
    // What begins with the separator, or follows a run, goes up to the next one.
    else if (findBytes(bytes, separator, from, Math.min(end, from + separator.length)) === from)
      from += separator.length;
    return findBytes(bytes, separator, from, end);
  };
