// Products with few rows, C (m, n) = A (m, k) · B + P for m ≤ 6: decoding's matrix × vector. Nothing is packed; B is
// read once. m = 1, B (n, k) from memory on one thread / two, Node 24: (3072, 768) 13.2 / 26.5 GB/s, (768, 3072) 14.0 / 27.0,
// (50257, 768) 13.4 / 28.5; a loop in C with four streams reads 14.2 / 27.7 there, with one 12.2 / 21.9. m = 6 in the cache
// 28–31 GFLOP/s, Node 20 (2-core x86-64 (Xeon)).
import { fill_32 } from "./fill";
import { dot, lanes, madd, splat, storeTail } from "./simd";

/** Columns of B in flight when B is (k, n): 16 KB of them with four rows of k. */
const COLUMNS: i32 = 1024;

/** Four dot products of `a` with rows of `b`, in 4 partial sums each. */
// @ts-ignore: decorator
@inline
function dot4(a: usize, b: usize, ld: usize, k: i32): v128 {
  let s0 = splat(0);
  let s1 = splat(0);
  let s2 = splat(0);
  let s3 = splat(0);
  const b1 = b + ld;
  const b2 = b1 + ld;
  const b3 = b2 + ld;
  const end = <usize>(k & ~3) << 2;
  let i: usize = 0;
  while (i < end) {
    const x = v128.load(a + i);
    s0 = madd(x, v128.load(b + i), s0);
    s1 = madd(x, v128.load(b1 + i), s1);
    s2 = madd(x, v128.load(b2 + i), s2);
    s3 = madd(x, v128.load(b3 + i), s3);
    i += 16;
  }
  if (k & 3) {
    const mask = lanes(k & 3);
    const x = v128.and(v128.load(a + i), mask);
    s0 = madd(x, v128.and(v128.load(b + i), mask), s0);
    s1 = madd(x, v128.and(v128.load(b1 + i), mask), s1);
    s2 = madd(x, v128.and(v128.load(b2 + i), mask), s2);
    s3 = madd(x, v128.and(v128.load(b3 + i), mask), s3);
  }
  const l0 = i32x4.shuffle(s0, s1, 0, 4, 1, 5);
  const h0 = i32x4.shuffle(s0, s1, 2, 6, 3, 7);
  const l1 = i32x4.shuffle(s2, s3, 0, 4, 1, 5);
  const h1 = i32x4.shuffle(s2, s3, 2, 6, 3, 7);
  return f32x4.add(
    f32x4.add(i64x2.shuffle(l0, l1, 0, 2), i64x2.shuffle(l0, l1, 1, 3)),
    f32x4.add(i64x2.shuffle(h0, h1, 0, 2), i64x2.shuffle(h0, h1, 1, 3)),
  );
}

/** A (m, k), B (n, k), C (m, n); row strides in bytes; `plus` 0: nothing is added. */
export function rowsTransposed(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  ldb: usize,
  c: usize,
  ldc: usize,
  plus: usize,
  ldplus: usize,
): void {
  // Four rows of B far apart, since memory serves several streams faster than one.
  const quarter = n >> 2;
  const far = <usize>quarter * ldb;
  const jump = <usize>quarter << 2;
  for (let j = 0; j < quarter; j++) {
    const row = b + <usize>j * ldb;
    const at = <usize>j << 2;
    for (let i = 0; i < m; i++) {
      let s = dot4(a + <usize>i * lda, row, far, k);
      const to = c + <usize>i * ldc + at;
      if (plus) {
        const p = plus + <usize>i * ldplus + at;
        let t = v128.load32_zero(p);
        t = v128.load_lane<f32>(p + jump, t, 1);
        t = v128.load_lane<f32>(p + 2 * jump, t, 2);
        t = v128.load_lane<f32>(p + 3 * jump, t, 3);
        s = f32x4.add(s, t);
      }
      v128.store_lane<f32>(to, s, 0);
      v128.store_lane<f32>(to + jump, s, 1);
      v128.store_lane<f32>(to + 2 * jump, s, 2);
      v128.store_lane<f32>(to + 3 * jump, s, 3);
    }
  }
  let j = quarter << 2;
  for (; j < n; j++) {
    const at = <usize>j << 2;
    for (let i = 0; i < m; i++) {
      let s = dot(a + <usize>i * lda, b + <usize>j * ldb, k);
      if (plus) s += load<f32>(plus + <usize>i * ldplus + at);
      store<f32>(c + <usize>i * ldc + at, s);
    }
  }
}

/** c[0 … n) += Σ a[q] · b[q][0 … n) for q = 0 … 3. */
function axpy4(n: i32, a: usize, b: usize, ld: usize, c: usize): void {
  const a0 = v128.load32_splat(a);
  const a1 = v128.load32_splat(a, 4);
  const a2 = v128.load32_splat(a, 8);
  const a3 = v128.load32_splat(a, 12);
  const b1 = b + ld;
  const b2 = b1 + ld;
  const b3 = b2 + ld;
  const end = <usize>(n & ~3) << 2;
  let i: usize = 0;
  while (i < end) {
    let s = madd(a0, v128.load(b + i), v128.load(c + i));
    s = madd(a1, v128.load(b1 + i), s);
    s = madd(a2, v128.load(b2 + i), s);
    s = madd(a3, v128.load(b3 + i), s);
    v128.store(c + i, s);
    i += 16;
  }
  if (n & 3) {
    let s = madd(a0, v128.load(b + i), v128.load(c + i));
    s = madd(a1, v128.load(b1 + i), s);
    s = madd(a2, v128.load(b2 + i), s);
    s = madd(a3, v128.load(b3 + i), s);
    storeTail(c + i, s, n & 3);
  }
}

function axpy1(n: i32, a: usize, b: usize, c: usize): void {
  const x = v128.load32_splat(a);
  const end = <usize>(n & ~3) << 2;
  let i: usize = 0;
  while (i < end) {
    v128.store(c + i, madd(x, v128.load(b + i), v128.load(c + i)));
    i += 16;
  }
  if (n & 3) storeTail(c + i, madd(x, v128.load(b + i), v128.load(c + i)), n & 3);
}

/** A (m, k), B (k, n), C (m, n); row strides in bytes; `plus` 0: nothing is added. */
export function rowsPlain(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  ldb: usize,
  c: usize,
  ldc: usize,
  plus: usize,
  ldplus: usize,
): void {
  for (let i = 0; i < m; i++) {
    const row = c + <usize>i * ldc;
    if (plus) memory.copy(row, plus + <usize>i * ldplus, <usize>n << 2);
    else fill_32(row, n, 0);
  }
  for (let j = 0; j < n; j += COLUMNS) {
    const width = min(COLUMNS, n - j);
    const at = <usize>j << 2;
    let q = 0;
    for (; q + 4 <= k; q += 4)
      for (let i = 0; i < m; i++)
        axpy4(
          width,
          a + <usize>i * lda + (<usize>q << 2),
          b + <usize>q * ldb + at,
          ldb,
          c + <usize>i * ldc + at,
        );
    for (; q < k; q++)
      for (let i = 0; i < m; i++)
        axpy1(
          width,
          a + <usize>i * lda + (<usize>q << 2),
          b + <usize>q * ldb + at,
          c + <usize>i * ldc + at,
        );
  }
}
