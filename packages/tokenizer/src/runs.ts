/**
 * A table of all code points from runs: a letter names what a run has, by its place in `letters`; the base-36 number
 * after it says how long the run is, and none that it is one.
 */
export function fromRuns(runs: string, letters: string): Uint8Array {
  const table = new Uint8Array(0x110000);
  let at = 0;
  for (const [, letter, length] of runs.matchAll(/([^\da-z])([\da-z]*)/g)) {
    const end = at + (length ? Number.parseInt(length, 36) : 1);
    table.fill(letters.indexOf(letter!), at, end);
    at = end;
  }
  return table;
}
