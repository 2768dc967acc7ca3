// attention: per batch entry and head, out = softmax(scale · q kᵀ + mask) v and logSum = log Σ exp, without ever holding
// (T, S): eight queries at a time against all keys they see. Dao 2022, https://arxiv.org/abs/2205.14135.
// Everything lies so that the packed product's tile feeds the next product as it is: scores are computed transposed, as
// (keys, 8 queries), so the softmax is vertical and its result is already the packed right operand of vᵀ · p.
// Causal, relaxed / wide: (B, T, H, D) = (12, 64, 4, 32) 0.34 / 0.29 ms, (8, 256, 6, 64) 10.1 / 8.2 ms: 40 and 49 GFLOP/s of
// what is visible (2-core x86-64 (Xeon), Node 24; both took 0.51 and 11.5 ms before exp took its constants from memory).
import { expNegative4 } from "./exp_f32";
import { log4 } from "./log_f32";
import { tile4x8 } from "./matmul_f32_4x8";
import { tile8x8 } from "./matmul_f32_8x8";
import { packColumns, packRows } from "./pack_f32";
import { attendRow } from "./attention_f32_row";
import { larger, splat, storeTail } from "./simd";
import { WIDE } from "./width";

/** Rows of a packed left operand: keys, or elements of a head. */
export const ROWS: i32 = WIDE ? 8 : 4;

// A view is four words as wide as an address: address, and byte strides of the batch, the row (T or S) and the head.
const WORD: usize = sizeof<usize>();
export const VIEW: usize = 4 * WORD;

// @ts-ignore: decorator
@inline
export function rowStride(view: usize): usize {
  return load<usize>(view, 2 * WORD);
}

// @ts-ignore: decorator
@inline
export function viewAt(view: usize, b: i32, row: i32, head: i32): usize {
  return (
    load<usize>(view) +
    <usize>b * load<usize>(view, WORD) +
    <usize>row * rowStride(view) +
    <usize>head * load<usize>(view, 3 * WORD)
  );
}

/** Up to a whole number of panels. */
// @ts-ignore: decorator
@inline
export function whole(n: i32): i32 {
  return (n + ROWS - 1) & ~(ROWS - 1);
}

/** (ROWS, 8) of a product: matmul_f32_4x8.ts. */
// @ts-ignore: decorator
@inline
export function tile(k: i32, a: usize, b: usize, c: usize, add: usize): void {
  if (WIDE) tile8x8(k, a, b, c, 32, add, 32);
  else tile4x8(k, a, b, c, 32, add, 32);
}

/** Keys that the query at row i of T sees. */
// @ts-ignore: decorator
@inline
export function visible(causal: bool, i: i32, T: i32, S: i32): i32 {
  return causal ? max(0, min(S, S - T + i + 1)) : S;
}

/** The first of `seen` keys that lies in the window. */
// @ts-ignore: decorator
@inline
export function firstSeen(seen: i32, window: i32): i32 {
  return max(0, seen - window);
}

/** Packs up to 8 rows of D as (D, 8), times `scale`. */
export function packQueries(rows: i32, D: i32, src: usize, ld: usize, dst: usize, scale: f32): void {
  packRows(8, rows, D, src, ld, dst);
  const k = splat(scale);
  const end = dst + (<usize>D << 5);
  while (dst < end) {
    v128.store(dst, f32x4.mul(v128.load(dst), k));
    v128.store(dst, f32x4.mul(v128.load(dst, 16), k), 16);
    dst += 32;
  }
}

/** out (rows ≤ 8, D) ← the transpose of src (D, 8), each row r times lane r of (k0, k1). */
export function storeTransposed(
  rows: i32,
  D: i32,
  src: usize,
  out: usize,
  ld: usize,
  k0: v128,
  k1: v128,
): void {
  for (let d = 0; d < D; d += 4) {
    const left = D - d;
    for (let half = 0; half < 2; half++) {
      const count = min(4, rows - half * 4);
      if (count <= 0) break;
      const p = src + (<usize>half << 4);
      const k = half ? k1 : k0;
      const a = f32x4.mul(v128.load(p), k);
      const b = f32x4.mul(v128.load(p, 32), k);
      const c = f32x4.mul(v128.load(p, 64), k);
      const e = f32x4.mul(v128.load(p, 96), k);
      const l0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const h0 = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const l1 = i32x4.shuffle(c, e, 0, 4, 1, 5);
      const h1 = i32x4.shuffle(c, e, 2, 6, 3, 7);
      let to = out + (<usize>d << 2) + <usize>(half << 2) * ld;
      put(to, i64x2.shuffle(l0, l1, 0, 2), left);
      if (count > 1) put(to + ld, i64x2.shuffle(l0, l1, 1, 3), left);
      if (count > 2) put(to + 2 * ld, i64x2.shuffle(h0, h1, 0, 2), left);
      if (count > 3) put(to + 3 * ld, i64x2.shuffle(h0, h1, 1, 3), left);
    }
    src += 128;
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(to, v);
  else storeTail(to, v, left);
}

/** −∞ in lane j of the rows `from` … n − 1 that query i + j does not see. `scores` (n, 8). */
export function maskScores(
  scores: usize,
  i: i32,
  from: i32,
  n: i32,
  T: i32,
  S: i32,
  window: i32,
): void {
  for (let j = 0; j < 8; j++) {
    const seen = visible(true, i + j, T, S);
    const lane = scores + (<usize>j << 2);
    for (let s = from; s < firstSeen(seen, window); s++)
      store<f32>(lane + (<usize>s << 5), -Infinity);
    for (let s = seen; s < n; s++) store<f32>(lane + (<usize>s << 5), -Infinity);
  }
}

/** Bytes of scratch for S keys of D. */
export function attention_scratch(S: i32, D: i32): i32 {
  const SR = whole(S);
  const DR = whole(D);
  return (SR * D + DR * S + D * 8 + SR * 8 + DR * 8) * 4;
}

/**
 * Units first … last − 1, a unit being one key head of one batch entry with the query heads that read it.
 * `views`: q, k, v. T ≤ 3 goes row by row without packing. A window of S keys or more is none.
 */
export function attention_f32(
  out: usize,
  logSum: usize,
  views: usize,
  first: i32,
  last: i32,
  T: i32,
  S: i32,
  H: i32,
  K: i32,
  D: i32,
  scale: f32,
  causal: bool,
  window: i32,
  scratch: usize,
): void {
  const q = views;
  const k = views + VIEW;
  const v = views + 2 * VIEW;
  const group = H / K;
  const ldo = <usize>(H * D) << 2;
  const SR = whole(S);
  const keys = scratch; // (SR/ROWS, D, ROWS)
  const values = keys + (<usize>(SR * D) << 2); // (DR/ROWS, S, ROWS)
  const queries = values + (<usize>(whole(D) * S) << 2); // (D, 8)
  const scores = queries + (<usize>D << 5); // (SR, 8)
  const result = scores + (<usize>SR << 5); // (DR, 8)
  for (let unit = first; unit < last; unit++) {
    const b = unit / K;
    const keyHead = unit % K;
    if (T <= 3) {
      for (let h = keyHead * group; h < (keyHead + 1) * group; h++)
        for (let t = 0; t < T; t++) {
          const seen = visible(causal, t, T, S);
          const from = firstSeen(seen, window);
          attendRow(
            out + <usize>(b * T + t) * ldo + (<usize>(h * D) << 2),
            logSum + (<usize>((b * H + h) * T + t) << 2),
            viewAt(q, b, t, h),
            viewAt(k, b, from, keyHead),
            rowStride(k),
            viewAt(v, b, from, keyHead),
            rowStride(v),
            seen - from,
            D,
            scale,
            scratch,
          );
        }
      continue;
    }
    packRows(ROWS, S, D, viewAt(k, b, 0, keyHead), rowStride(k), keys);
    packColumns(ROWS, D, S, viewAt(v, b, 0, keyHead), rowStride(v), values);
    for (let h = keyHead * group; h < (keyHead + 1) * group; h++)
      for (let i = 0; i < T; i += 8) {
        const rows = min(8, T - i);
        const n = visible(causal, i + rows - 1, T, S);
        const from = firstSeen(visible(causal, i, T, S), window) & ~(ROWS - 1);
        packQueries(rows, D, viewAt(q, b, i, h), rowStride(q), queries, scale);
        for (let s = from; s < n; s += ROWS)
          tile(D, keys + (<usize>(s * D) << 2), queries, scores + (<usize>s << 5), 0);
        if (causal) maskScores(scores, i, from, n, T, S, window);
        let m0 = splat(-Infinity);
        let m1 = m0;
        const begin = scores + (<usize>from << 5);
        const end = scores + (<usize>n << 5);
        for (let p = begin; p < end; p += 32) {
          m0 = larger(m0, v128.load(p));
          m1 = larger(m1, v128.load(p, 16));
        }
        let l0 = splat(0);
        let l1 = splat(0);
        for (let p = begin; p < end; p += 32) {
          const e0 = expNegative4(f32x4.sub(v128.load(p), m0));
          const e1 = expNegative4(f32x4.sub(v128.load(p, 16), m1));
          l0 = f32x4.add(l0, e0);
          l1 = f32x4.add(l1, e1);
          v128.store(p, e0);
          v128.store(p, e1, 16);
        }
        for (let d = 0; d < D; d += ROWS)
          tile(
            n - from,
            values + (<usize>(d * S + from * ROWS) << 2),
            begin,
            result + (<usize>d << 5),
            0,
          );
        const one = splat(1);
        storeTransposed(
          rows,
          D,
          result,
          out + <usize>(b * T + i) * ldo + (<usize>(h * D) << 2),
          ldo,
          f32x4.div(one, l0),
          f32x4.div(one, l1),
        );
        const sums = logSum + (<usize>((b * H + h) * T + i) << 2);
        const first4 = f32x4.add(m0, log4(l0));
        if (rows < 4) storeTail(sums, first4, rows);
        else {
          v128.store(sums, first4);
          const next4 = f32x4.add(m1, log4(l1));
          if (rows == 8) v128.store(sums, next4, 16);
          else if (rows > 4) storeTail(sums + 16, next4, rows - 4);
        }
      }
  }
}
