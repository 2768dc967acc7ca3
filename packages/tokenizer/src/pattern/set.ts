import { CODE_POINTS } from "../unicode.ts";

/** A set of code points: [first, last] of each range, ascending, no two of them touching. */
export type CodePoints = readonly (readonly [number, number])[];

export const ALL: CodePoints = [[0, 0x10ffff]];
export const NONE: CodePoints = [];

/** The members of all `sets`. */
export function union(...sets: readonly CodePoints[]): CodePoints {
  const merged: [number, number][] = [];
  for (const [first, last] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** All code points that are not in `set`. */
export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = [];
  let from = 0;
  for (const [first, last] of set) {
    if (first > from) gaps.push([from, first - 1]);
    from = last + 1;
  }
  if (from < CODE_POINTS) gaps.push([from, CODE_POINTS - 1]);
  return gaps;
}

/** What is in both. */
export const intersection = (a: CodePoints, b: CodePoints): CodePoints =>
  complement(union(complement(a), complement(b)));

export const includes = (set: CodePoints, codePoint: number): boolean =>
  set.some(([first, last]) => first <= codePoint && codePoint <= last);

/** The code points of `characters`. */
export const characters = (characters: string): CodePoints =>
  union(
    [...characters].map((c): [number, number] => {
      const codePoint = c.codePointAt(0)!;
      return [codePoint, codePoint];
    }),
  );
