/** A number with three digits that count: 0.0123, 4.17, −2.3e-7. */
export function digits(x: number, count = 3): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text =
    size >= 1e-3 && size < 1e5 ? `${+size.toPrecision(count)}` : size.toExponential(count - 1);
  return (x < 0 ? "−" : "") + text;
}

/** "(1, 14, 64)" */
export const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;
