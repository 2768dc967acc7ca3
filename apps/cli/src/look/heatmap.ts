import { cells, cut } from "../ui/cells.ts";

const BLOCKS = [" ", "░", "▒", "▓", "█"];
const ASCII = [" ", ".", "-", "+", "#"];
const LABEL = 12;
const CELL = 2;

export interface HeatmapOptions {
  /** Cells in a line. */
  readonly columns: number;
  readonly utf8: boolean;
}

/**
 * Attention weights as text: a row for each query, a column of two cells for each key, shaded by the square root of
 * the weight, so that small ones show; and behind each row the key it looks at most. What does not fit the width is
 * left out at the front. `tokens`: one for each position.
 */
export function heatmap(
  weights: readonly (readonly number[])[],
  tokens: readonly string[],
  { columns, utf8 }: HeatmapOptions,
): string[] {
  const T = tokens.length;
  const shown = Math.max(Math.min(T, Math.floor((columns - 2 * LABEL - 14) / CELL)), 1);
  const from = T - shown;
  const shades = utf8 ? BLOCKS : ASCII;
  const shade = (w: number) =>
    shades[Math.min(Math.round(Math.sqrt(w) * (shades.length - 1)), shades.length - 1)]!.repeat(
      CELL,
    );
  const label = (i: number) => `${String(i).padStart(3)} ${fill(tokens[i]!, LABEL - 4)}`;
  const rows = weights.slice(from).map((row, r) => {
    const best = row.indexOf(Math.max(...row));
    const cells = row
      .slice(from)
      .map((w, i) => (from + i > from + r ? " ".repeat(CELL) : shade(w)));
    return `${label(from + r)} ${cells.join("")}  most ${row[best]!.toFixed(2)} ${label(best).trimStart()}`.trimEnd();
  });
  const head = Array.from({ length: shown }, (_, i) => fill(tokens[from + i]!, CELL)).join("");
  const scale = shades.map(
    (s, i) => `${s.repeat(CELL)} ${((i / (shades.length - 1)) ** 2).toFixed(2)}`,
  );
  return [
    ...(from > 0
      ? [`the first ${from} of ${T} tokens are left out: the window is too narrow`]
      : []),
    `${" ".repeat(LABEL)} ${head}`.trimEnd(),
    ...rows,
    "",
    `shade ${scale.join("  ")} · rows are queries, columns keys; a row sums to 1`,
  ];
}

/** Text in exactly `width` cells. */
const fill = (text: string, width: number): string => {
  const part = cut(text, width);
  return part + " ".repeat(width - cells(part));
};
