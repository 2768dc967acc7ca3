import type { BlockRow } from "../../engine/block-row.ts";
import { digits } from "../../viz/numbers.ts";

export const operations = [
  {
    name: "q · kᵀ",
    about: "The query of this row times the key of each token: how well they fit.",
  },
  {
    name: "÷ √D",
    about:
      "Divided by the root of the head's width, so that long vectors do not fit by length alone.",
  },
  { name: "mask", about: "Tokens that come later get −∞: they are what should be guessed." },
  {
    name: "softmax",
    about: "e to the power of each, divided by their sum: shares that add up to 1.",
  },
  {
    name: "· v",
    about: "The values of the tokens, mixed by these shares. This is what the row takes along.",
  },
] as const;

/** The operands of one number of an operation: of `key`, or of a column of the mixed values in the last. */
export function operands(row: BlockRow, operation: number, key: number, column: number): string {
  const { q, k, v, scores, scaled, masked, weights, mixed } = row;
  const D = q.length;
  const sum = (terms: readonly (readonly [number, number])[]) => {
    const written = terms.slice(0, 3).map(([a, b]) => `${digits(a)} × ${digits(b)}`);
    return `${written.join(" + ")}${terms.length > 3 ? ` + … (${terms.length} products)` : ""}`;
  };
  if (operation === 0) {
    const terms = q.map((x, d) => [x, k.values[key * D + d]!] as const);
    return `${sum(terms)} = ${digits(scores[key]!, 4)}`;
  }
  if (operation === 1)
    return `${digits(scores[key]!, 4)} ÷ √${D} = ${digits(scores[key]!, 4)} ÷ ${digits(Math.sqrt(D), 4)} = ${digits(scaled[key]!, 4)}`;
  if (operation === 2)
    return key > row.row
      ? `token ${key} comes after token ${row.row}: −∞`
      : `token ${key} is not after token ${row.row}: it stays ${digits(scaled[key]!, 4)}`;
  if (operation === 3) {
    const top = masked.reduce((a, b) => Math.max(a, b));
    const powers = masked.map((x) => Math.exp(x - top));
    const total = powers.reduce((a, b) => a + b, 0);
    return `e^(${digits(masked[key]!, 4)} − ${digits(top, 4)}) ÷ ${digits(total, 4)} = ${digits(powers[key]!, 4)} ÷ ${digits(total, 4)} = ${digits(weights[key]!, 4)}; the largest is taken off first, which changes nothing and keeps the powers small`;
  }
  const terms = weights
    .slice(0, row.row + 1)
    .map((w, t) => [w, v.values[t * D + column]!] as const);
  return `column ${column}: ${sum(terms)} = ${digits(mixed[column]!, 4)}`;
}
