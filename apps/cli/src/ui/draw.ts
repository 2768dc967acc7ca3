const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = "▁▂▃▄▅▆▇█";

/** A bar of `columns` cells, filled to a share of 0 … 1. In ASCII whole cells alone. */
export function bar(share: number, columns: number, utf8: boolean): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * columns * 8);
  const full = Math.floor(eighths / 8);
  if (!utf8) return `[${"#".repeat(full).padEnd(columns, "-")}]`;
  return `▕${("█".repeat(full) + EIGHTHS[eighths % 8]).padEnd(columns)}▏`;
}

/** Values as a line of `columns` bars, the newest last, from the least to the largest of them. */
export function sparkline(values: readonly number[], columns: number): string {
  if (values.length === 0) return "";
  const n = Math.min(columns, values.length);
  const shown = Array.from({ length: n }, (_, i) => {
    const from = Math.floor((i * values.length) / n);
    const part = values.slice(from, Math.max(Math.floor(((i + 1) * values.length) / n), from + 1));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  return shown
    .map((v) => LEVELS[span > 0 ? Math.min(Math.floor(((v - least) / span) * 8), 7) : 0])
    .join("");
}
