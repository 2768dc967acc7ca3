/** A line: xs rise. */
export interface Line {
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
}

/**
 * At most 2 points for each of `buckets` equal spans of places: the lowest and the highest, in their order, so that no
 * spike is lost. Smooth first: an average of what is left is not the average of all.
 */
export function decimate({ xs, ys }: Line, buckets: number): Line {
  if (xs.length <= 2 * buckets) return { xs, ys };
  const out: { xs: number[]; ys: (number | null)[] } = { xs: [], ys: [] };
  const put = (i: number) => {
    out.xs.push(xs[i]!);
    out.ys.push(ys[i]!);
  };
  for (let b = 0; b < buckets; b++) {
    const [from, to] = [b, b + 1].map((k) => Math.floor((k * xs.length) / buckets)) as [
      number,
      number,
    ];
    let [low, high] = [from, from];
    for (let i = from; i < to; i++) {
      const y = ys[i];
      if (y == null) continue;
      if (ys[low] == null || y < ys[low]!) low = i;
      if (ys[high] == null || y > ys[high]!) high = i;
    }
    put(Math.min(low, high));
    if (low !== high) put(Math.max(low, high));
  }
  // The newest is always there.
  if (out.xs.at(-1) !== xs.at(-1)) put(xs.length - 1);
  return out;
}
