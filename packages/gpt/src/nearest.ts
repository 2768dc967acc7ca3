/**
 * The word of `words` that `word` was probably meant to be, upper and lower case alike; undefined when none is near: at
 * most 3 edits, and fewer than six tenths of the letters, as commander.js has it. Of equals the first.
 */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = 4;
  for (const candidate of words) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits >= least || edits >= 0.6 * Math.max(word.length, candidate.length)) continue;
    best = candidate;
    least = edits;
  }
  return best;
}

/**
 * Letters to insert, delete, replace or swap with their neighbour to turn a into b: the optimal string alignment
 * distance, Damerau 1964.
 */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? before[j - 2]! + 1
          : Infinity;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
