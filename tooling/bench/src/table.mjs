/** @typedef {import("./rounds.mjs").Standing} Standing */

/**
 * Rows of cells as lines; the first column to the left, numbers to the right.
 * @param {readonly (readonly string[])[]} rows
 */
export function table(rows) {
  /** @type {number[]} */
  const widths = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i ? cell.padStart(Number(widths[i])) : cell.padEnd(Number(widths[i]))))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/**
 * A table of standings: a row for each, the first contestant's median, then the others' with their ratios.
 * @param {string} title
 * @param {readonly { name: string, standings: readonly Standing[] }[]} rows of the same contestants
 * @param {(x: number) => string} format
 */
export function standingsTable(title, rows, format) {
  const [first, ...others] = rows[0]?.standings ?? [];
  return table([
    [title, first?.name ?? "", ...others.flatMap((s) => [s.name, "ratio"])],
    ...rows.map(({ name, standings: [us, ...them] }) => [
      name,
      us ? format(us.median) : "",
      ...them.flatMap((s) => (s.median > 0 ? [format(s.median), s.ratio.toFixed(2)] : ["–", "–"])),
    ]),
  ]);
}

/** @param {number} ms */
export const milliseconds = (ms) => `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
/** @param {number} x */
export const rate = (x) => x.toFixed(1);
/** @param {number} n */
export const threadCount = (n) => `${n} thread${n === 1 ? "" : "s"}`;
