/** Maps values to pixels and back: linear, or logarithmic for values above 0. */
export interface Scale {
  readonly to: (value: number) => number;
  readonly from: (pixel: number) => number;
}

export function scale(
  [low, high]: readonly [number, number],
  [start, end]: readonly [number, number],
  logarithmic = false,
): Scale {
  const bend = logarithmic ? Math.log : (x: number) => x;
  const back = logarithmic ? Math.exp : (x: number) => x;
  const [a, b] = [bend(low), bend(high)];
  const span = b - a || 1;
  return {
    to: (value) => start + ((bend(value) - a) / span) * (end - start),
    from: (pixel) => back(a + ((pixel - start) / (end - start)) * span),
  };
}

/** A line through points; what is not finite, or outside of `clip`, breaks it. */
export function linePath(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: Scale,
  y: Scale,
  [low, high]: readonly [number, number] = [-Infinity, Infinity],
): string {
  let path = "";
  let on = false;
  for (let i = 0; i < xs.length; i++) {
    const value = ys[i]!;
    const seen = Number.isFinite(value) && value >= low && value <= high;
    if (seen) path += `${on ? "L" : "M"}${x.to(xs[i]!).toFixed(1)} ${y.to(value).toFixed(1)}`;
    on = seen;
  }
  return path;
}

/** What a step of a rate does, from the losses along the line: they fall, they are past the lowest, or worse than at the start. */
export type Regime = "descent" | "overshoot" | "divergence";

export function regimeAt(
  rates: readonly number[],
  losses: readonly number[],
  start: number,
  rate: number,
  loss: number,
): Regime {
  if (!(loss < start)) return "divergence";
  let best = 0;
  losses.forEach((l, i) => {
    if (l < losses[best]!) best = i;
  });
  return rate > rates[best]! ? "overshoot" : "descent";
}
