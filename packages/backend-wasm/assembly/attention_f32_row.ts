// One query against n keys: decoding with a cache. Two passes over the scores, k and v read once, in order, in place.
// 1,024 keys, 12 heads of 64: 15.6 GB/s of keys and values
// (2-core x86-64 (Xeon), Node 20).
import { expNegative4 } from "./exp_f32";
import { fill_32 } from "./fill";
import { dot, lanes, madd, splat, storeTail, sumLanes, topOf } from "./simd";

/**
 * out (D), logSum (1) ← q (D), k and v (n, D) with row strides in bytes. `scores`: n + 4 floats.
 * With n = 0: NaN and −∞.
 */
export function attendRow(
  out: usize,
  logSum: usize,
  q: usize,
  k: usize,
  ldk: usize,
  v: usize,
  ldv: usize,
  n: i32,
  D: i32,
  scale: f32,
  scores: usize,
): void {
  for (let s = 0; s < n; s++) {
    store<f32>(scores + (<usize>s << 2), scale * dot(q, k, D));
    k += ldk;
  }
  const top = topOf(scores, n);
  const c = splat(top);
  let sum = splat(0);
  for (let s = 0; s < n; s += 4) {
    const p = scores + (<usize>s << 2);
    let e = expNegative4(f32x4.sub(v128.load(p), c));
    if (n - s < 4) e = v128.and(e, lanes(n & 3));
    sum = f32x4.add(sum, e);
    v128.store(p, e);
  }
  const total = sumLanes(sum);
  store<f32>(logSum, <f32>(<f64>top + NativeMath.log(<f64>total)));
  fill_32(out, D, 0);
  const bytes = <usize>D << 2;
  let s = 0;
  for (; s + 4 <= n; s += 4) {
    const p0 = v128.load32_splat(scores);
    const p1 = v128.load32_splat(scores, 4);
    const p2 = v128.load32_splat(scores, 8);
    const p3 = v128.load32_splat(scores, 12);
    const v1 = v + ldv;
    const v2 = v1 + ldv;
    const v3 = v2 + ldv;
    for (let d: usize = 0; d < bytes; d += 16) {
      let y = madd(p0, v128.load(v + d), v128.load(out + d));
      y = madd(p1, v128.load(v1 + d), y);
      y = madd(p2, v128.load(v2 + d), y);
      y = madd(p3, v128.load(v3 + d), y);
      if (bytes - d >= 16) v128.store(out + d, y);
      else storeTail(out + d, y, D & 3);
    }
    v = v3 + ldv;
    scores += 16;
  }
  for (; s < n; s++) {
    const p0 = v128.load32_splat(scores);
    for (let d: usize = 0; d < bytes; d += 16) {
      const y = madd(p0, v128.load(v + d), v128.load(out + d));
      if (bytes - d >= 16) v128.store(out + d, y);
      else storeTail(out + d, y, D & 3);
    }
    v += ldv;
    scores += 4;
  }
  const k4 = splat(<f32>1 / total);
  for (let d: usize = 0; d < bytes; d += 16) {
    const y = f32x4.mul(v128.load(out + d), k4);
    if (bytes - d >= 16) v128.store(out + d, y);
    else storeTail(out + d, y, D & 3);
  }
}
