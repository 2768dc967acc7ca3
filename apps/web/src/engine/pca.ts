/** Points in a plane: what principal component analysis makes of rows of numbers. */
export interface Plane {
  /** Of the rows that made it. */
  readonly mean: Float64Array;
  /** Two orthogonal unit vectors, the direction of most variance first. */
  readonly axes: readonly [Float64Array, Float64Array];
  /** The share of all variance along each. */
  readonly shares: readonly [number, number];
}

const ROUNDS = 400;
const SETTLED = 1e-10;

/**
 * The plane in which `rows` (n, C), in row-major order, vary the most. The same rows give the same plane: orthogonal
 * iteration from a fixed start (Golub & Van Loan, "Matrix Computations", §8.2), then the exact answer inside the plane that
 * it finds; each axis points to where its largest part is positive.
 */
export function principalPlane(rows: ArrayLike<number>, n: number, C: number): Plane {
  const mean = new Float64Array(C);
  for (let r = 0; r < n; r++) for (let c = 0; c < C; c++) mean[c]! += rows[r * C + c]! / n;
  const centred = new Float64Array(n * C);
  let all = 0;
  for (let i = 0; i < n * C; i++) {
    centred[i] = rows[i]! - mean[i % C]!;
    all += centred[i]! ** 2;
  }
  // Any start does that no real data is orthogonal to.
  let a = unit(Float64Array.from({ length: C }, (_, c) => Math.sin(c + 1)));
  let b = orthogonal(
    Float64Array.from({ length: C }, (_, c) => Math.cos(2 * c + 1)),
    a,
  );
  for (let round = 0; round < ROUNDS; round++) {
    const nextA = unit(covary(centred, a, n, C));
    const nextB = orthogonal(covary(centred, b, n, C), nextA);
    const moved = 2 - Math.abs(dot(a, nextA)) - Math.abs(dot(b, nextB));
    [a, b] = [nextA, nextB];
    if (moved < SETTLED) break;
  }
  // Inside the plane the covariance is 2 × 2: turn to its own axes.
  const [ca, cb] = [covary(centred, a, n, C), covary(centred, b, n, C)];
  const [aa, ab, bb] = [dot(a, ca), dot(a, cb), dot(b, cb)];
  const turn = 0.5 * Math.atan2(2 * ab, aa - bb);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const x = pointed(a.map((v, i) => cos * v + sin * b[i]!));
  const y = pointed(b.map((v, i) => cos * v - sin * a[i]!));
  const share = (axis: Float64Array) =>
    all > 0 ? dot(axis, covary(centred, axis, n, C)) / all : 0;
  return { mean, axes: [x, y], shares: [share(x), share(y)] };
}

/** rows (n, C) → their places in the plane, (n, 2). */
export function project(
  rows: ArrayLike<number>,
  n: number,
  { mean, axes }: Plane,
): Float32Array<ArrayBuffer> {
  const C = mean.length;
  const places = new Float32Array(2 * n);
  for (let r = 0; r < n; r++)
    for (const [d, axis] of axes.entries()) {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += (rows[r * C + c]! - mean[c]!) * axis[c]!;
      places[2 * r + d] = sum;
    }
  return places;
}

export interface Neighbour {
  readonly index: number;
  readonly cosine: number;
}

/** The rows of (n, C) that point the most as row `at` does, the nearest first, without itself. */
export function nearestRows(
  rows: ArrayLike<number>,
  n: number,
  C: number,
  at: number,
  count: number,
): Neighbour[] {
  const cosine = (r: number) => {
    let [both, own, other] = [0, 0, 0];
    for (let c = 0; c < C; c++) {
      const [x, y] = [rows[at * C + c]!, rows[r * C + c]!];
      both += x * y;
      own += x * x;
      other += y * y;
    }
    return own > 0 && other > 0 ? both / Math.sqrt(own * other) : 0;
  };
  return Array.from({ length: n }, (_, index) => ({ index, cosine: cosine(index) }))
    .filter(({ index }) => index !== at)
    .sort((a, b) => b.cosine - a.cosine || a.index - b.index)
    .slice(0, count);
}

/** Xᵀ(X·v), X (n, C). */
function covary(x: Float64Array, v: Float64Array, n: number, C: number): Float64Array {
  const out = new Float64Array(C);
  for (let r = 0; r < n; r++) {
    let along = 0;
    for (let c = 0; c < C; c++) along += x[r * C + c]! * v[c]!;
    for (let c = 0; c < C; c++) out[c]! += along * x[r * C + c]!;
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** v at length 1; without a length, the first axis. */
function unit(v: Float64Array): Float64Array {
  const length = Math.sqrt(dot(v, v));
  return length > 1e-300 ? v.map((x) => x / length) : v.map((_, i) => (i === 0 ? 1 : 0));
}

/** What of v is at right angles to the unit vector a, at length 1; some such vector where nothing is. */
function orthogonal(v: Float64Array, a: Float64Array): Float64Array {
  const apart = (w: Float64Array) => {
    const along = dot(w, a);
    return w.map((x, i) => x - along * a[i]!);
  };
  const rest = apart(v);
  if (Math.sqrt(dot(rest, rest)) > 1e-12 * Math.max(Math.sqrt(dot(v, v)), 1e-288))
    return unit(apart(unit(rest))); // once more: what rounding left of a counts when little is left of v
  const least = a.reduce((best, x, i) => (Math.abs(x) < Math.abs(a[best]!) ? i : best), 0);
  return unit(apart(v.map((_, i) => (i === least ? 1 : 0))));
}

function pointed(v: Float64Array): Float64Array {
  const at = v.reduce((best, x, i) => (Math.abs(x) > Math.abs(v[best]!) ? i : best), 0);
  return v[at]! < 0 ? v.map((x) => -x) : v;
}
