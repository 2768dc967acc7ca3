// attentionGrad: with p = exp(scale · q kᵀ − logSum), δ = Σ_d g∘out, ds = scale · p∘(g vᵀ − δ):
// dq = ds k, dk = dsᵀ q, dv = pᵀ g; dk and dv are summed over the query heads of a group. Dao 2022,
// https://arxiv.org/abs/2205.14135, algorithm 4. Eight queries at a time give scores and dq as in attention_f32.ts;
// blocks of 32 queries give dk and dv, from p and ds transposed in registers.
// Causal, relaxed / wide: (B, T, H, D) = (12, 64, 4, 32) 0.90 / 0.77 ms, (8, 256, 6, 64) 21 / 17 ms: 48 and 59 GFLOP/s of what
// is visible (2-core x86-64 (Xeon), Node 24).
import {
  firstSeen,
  maskScores,
  packQueries,
  ROWS,
  storeTransposed,
  tile,
  rowStride,
  VIEW,
  viewAt,
  visible,
  whole,
} from "./attention_f32";
import { expNegative4 } from "./exp_f32";
import { fill_32 } from "./fill";
import { packColumns, packRows } from "./pack_f32";
import { dot, splat } from "./simd";

/** Queries whose share of dk and dv is summed in registers. */
const BLOCK: i32 = 32;

// @ts-ignore: decorator
@inline
function round8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** Bytes of scratch for S keys of D. */
export function attention_grad_scratch(S: i32, D: i32): i32 {
  const S8 = round8(S);
  const DR = whole(D);
  const packed = 2 * S8 * D + DR * S + 16 * D;
  const panel = 2 * S8 * 8 + DR * 8 + 16;
  const block = 2 * DR * BLOCK + 2 * S8 * BLOCK;
  return (packed + panel + block + 2 * S8 * DR) * 4;
}

/** 8×8: dst[0 … 7][8] ← the transpose of src[0 … 7][8]. */
function transpose8(src: usize, dst: usize): void {
  for (let i = 0; i < 4; i++) {
    // Quadrant (row half, column half) to (column half, row half).
    const from = src + (i & 2 ? 128 : 0) + (i & 1 ? 16 : 0);
    const to = dst + (i & 1 ? 128 : 0) + (i & 2 ? 16 : 0);
    const a = v128.load(from);
    const b = v128.load(from, 32);
    const c = v128.load(from, 64);
    const d = v128.load(from, 96);
    const l0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const h0 = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const l1 = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const h1 = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(l0, l1, 0, 2));
    v128.store(to, i64x2.shuffle(l0, l1, 1, 3), 32);
    v128.store(to, i64x2.shuffle(h0, h1, 0, 2), 64);
    v128.store(to, i64x2.shuffle(h0, h1, 1, 3), 96);
  }
}

/**
 * Units first … last − 1, a unit being one key head of one batch entry with the query heads that read it.
 * `views`: dq, dk, dv, q, k, v. out and g (B, T, H·D) dense. A window of S keys or more is none.
 */
export function attention_grad_f32(
  views: usize,
  out: usize,
  logSum: usize,
  g: usize,
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
  const dq = views;
  const dk = views + VIEW;
  const dv = views + 2 * VIEW;
  const q = views + 3 * VIEW;
  const k = views + 4 * VIEW;
  const v = views + 5 * VIEW;
  const group = H / K;
  const ldo = <usize>(H * D) << 2;
  const S8 = round8(S);
  const DR = whole(D);
  const keys = scratch; // (S8/ROWS, D, ROWS)
  const values = keys + (<usize>(S8 * D) << 2); // (S8/ROWS, D, ROWS)
  const keysT = values + (<usize>(S8 * D) << 2); // (DR/ROWS, S, ROWS)
  const queries = keysT + (<usize>(DR * S) << 2); // (D, 8), times scale
  const grads = queries + (<usize>D << 5); // (D, 8)
  const p = grads + (<usize>D << 5); // (S8, 8)
  const ds = p + (<usize>S8 << 5); // (S8, 8)
  const result = ds + (<usize>S8 << 5); // (DR, 8)
  const rowSums = result + (<usize>DR << 5); // logSum (8), δ (8)
  const queriesT = rowSums + 64; // (DR/ROWS, BLOCK, ROWS)
  const gradsT = queriesT + (<usize>(DR * BLOCK) << 2);
  const pT = gradsT + (<usize>(DR * BLOCK) << 2); // (S8/8, BLOCK, 8)
  const dsT = pT + (<usize>(S8 * BLOCK) << 2);
  const sumK = dsT + (<usize>(S8 * BLOCK) << 2); // (S8/8, DR, 8)
  const sumV = sumK + (<usize>(S8 * DR) << 2);
  const one = splat(1);
  for (let unit = first; unit < last; unit++) {
    const b = unit / K;
    const keyHead = unit % K;
    packRows(ROWS, S, D, viewAt(k, b, 0, keyHead), rowStride(k), keys);
    packRows(ROWS, S, D, viewAt(v, b, 0, keyHead), rowStride(v), values);
    packColumns(ROWS, D, S, viewAt(k, b, 0, keyHead), rowStride(k), keysT);
    fill_32(sumK, 2 * S8 * DR, 0);
    for (let h = keyHead * group; h < (keyHead + 1) * group; h++)
      for (let block = 0; block < T; block += BLOCK) {
        const count = min(BLOCK, T - block);
        const seen8 = round8(visible(causal, block + count - 1, T, S));
        const from8 = firstSeen(visible(causal, block, T, S), window) & ~7;
        for (let i = block; i < block + count; i += 8) {
          const rows = min(8, T - i);
          const n = visible(causal, i + rows - 1, T, S);
          const n8 = round8(n);
          const from = firstSeen(visible(causal, i, T, S), window) & ~7;
          const begin = <usize>from << 5;
          const at = <usize>(b * T + i) * ldo + (<usize>(h * D) << 2);
          packQueries(rows, D, viewAt(q, b, i, h), rowStride(q), queries, scale);
          packRows(8, rows, D, g + at, ldo, grads);
          for (let j = 0; j < 8; j++) {
            const inside = j < rows;
            const row = at + <usize>j * ldo;
            // An absent query has probability exp(−∞) = 0 everywhere.
            const sum = inside
              ? load<f32>(logSum + (<usize>((b * H + h) * T + i + j) << 2))
              : f32.POSITIVE_INFINITY;
            store<f32>(rowSums + (<usize>j << 2), sum);
            store<f32>(rowSums + (<usize>j << 2), inside ? dot(g + row, out + row, D) : 0, 32);
          }
          for (let s = from; s < n; s += ROWS) {
            const panel = <usize>(s * D) << 2;
            const to = <usize>s << 5;
            tile(D, keys + panel, queries, p + to, 0);
            tile(D, values + panel, grads, ds + to, 0);
          }
          if (causal) maskScores(p, i, from, n, T, S, window);
          const l0 = v128.load(rowSums);
          const l1 = v128.load(rowSums, 16);
          const d0 = v128.load(rowSums, 32);
          const d1 = v128.load(rowSums, 48);
          const factor = splat(scale);
          const end = <usize>n << 5;
          for (let s = begin; s < end; s += 32) {
            const p0 = expNegative4(f32x4.sub(v128.load(p + s), l0));
            const p1 = expNegative4(f32x4.sub(v128.load(p + s, 16), l1));
            v128.store(p + s, p0);
            v128.store(p + s, p1, 16);
            const s0 = f32x4.sub(v128.load(ds + s), d0);
            const s1 = f32x4.sub(v128.load(ds + s, 16), d1);
            v128.store(ds + s, f32x4.mul(f32x4.mul(p0, factor), s0));
            v128.store(ds + s, f32x4.mul(f32x4.mul(p1, factor), s1), 16);
          }
          memory.fill(p + end, 0, <usize>(n8 - n) << 5);
          memory.fill(ds + end, 0, <usize>(n8 - n) << 5);
          for (let d = 0; d < D; d += ROWS)
            tile(
              n - from,
              keysT + (<usize>(d * S + from * ROWS) << 2),
              ds + begin,
              result + (<usize>d << 5),
              0,
            );
          storeTransposed(rows, D, result, viewAt(dq, b, i, h), rowStride(dq), one, one);
          let to = (<usize>(i - block) << 5) + (<usize>(from8 * BLOCK) << 2);
          for (let s = from8; s < seen8; s += 8) {
            if (s >= from && s < n8) {
              transpose8(p + (<usize>s << 5), pT + to);
              transpose8(ds + (<usize>s << 5), dsT + to);
            } else {
              memory.fill(pT + to, 0, 256);
              memory.fill(dsT + to, 0, 256);
            }
            to += BLOCK << 5;
          }
        }
        const from = <usize>(b * T + block) * ldo + (<usize>(h * D) << 2);
        packColumns(ROWS, D, count, viewAt(q, b, block, h), rowStride(q), queriesT);
        packColumns(ROWS, D, count, g + from, ldo, gradsT);
        for (let s = from8; s < seen8; s += 8) {
          const panel = <usize>(s * BLOCK) << 2;
          const sums = <usize>(s * DR) << 2;
          for (let d = 0; d < D; d += ROWS) {
            const a = <usize>(d * count) << 2;
            const toK = sumK + sums + (<usize>d << 5);
            const toV = sumV + sums + (<usize>d << 5);
            tile(count, queriesT + a, dsT + panel, toK, toK);
            tile(count, gradsT + a, pT + panel, toV, toV);
          }
        }
      }
    for (let s = 0; s < S; s += 8) {
      const sums = <usize>(s * DR) << 2;
      const rows = min(8, S - s);
      const toK = viewAt(dk, b, s, keyHead);
      const toV = viewAt(dv, b, s, keyHead);
      storeTransposed(rows, D, sumK + sums, toK, rowStride(dk), one, one);
      storeTransposed(rows, D, sumV + sums, toV, rowStride(dv), one, one);
    }
  }
}
