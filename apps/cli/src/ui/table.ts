import type { IO } from "../io.ts";
import { cells } from "./cells.ts";

/**
 * Rows of cells as lines, each column as wide as its widest cell, two spaces between. `align`: "l" or "r" for each
 * column, left where it says nothing. A row may be shorter than the others.
 */
export function columns(rows: readonly (readonly string[])[], align = ""): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cells(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - cells(cell));
        return align[i] === "r" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** The result of a verb for a program: one line. */
export function writeJSON(io: IO, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

/** The result of a verb for a person. */
export function writeLines(io: IO, lines: Iterable<string>): void {
  for (const line of lines) io.stdout.write(`${line}\n`);
}
