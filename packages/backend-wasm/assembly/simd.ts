// What every kernel shares: multiply-add, tails, horizontal sums.
//
// Rules of all kernels: pointers and counts are u32; no kernel allocates; a kernel may *read* up to 12 bytes past an
// operand (the arena ends 64 bytes before the memory does) but writes exactly its output. Sums have one fixed order.

/** a · b + c, rounded once where the variant has relaxed SIMD and the machine has FMA, else twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/**
 * Element `i` of a table of constants in memory, in all lanes. V8 from version 13 on builds a constant vector anew, from
 * general registers, wherever it is used; a broadcast from memory is one operation.
 */
// @ts-ignore: decorator
@inline
export function entry(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

/** All ones in the first `n` lanes. */
// @ts-ignore: decorator
@inline
export function lanes(n: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
}

/** The sign bit; 1 as f32. */
const BITS: usize = memory.data<u32>([0x80000000, 0x3f800000], 16);

/** ±1 where |x| > limit, y elsewhere and where x is NaN. */
// @ts-ignore: decorator
@inline
export function beyond(x: v128, limit: v128, y: v128): v128 {
  const sign = v128.and(x, entry(BITS, 0));
  return v128.bitselect(v128.or(sign, entry(BITS, 1)), y, f32x4.gt(v128.andnot(x, entry(BITS, 0)), limit));
}

/** Stores the first `n` (1 … 3) lanes. */
export function storeTail(p: usize, v: v128, n: i32): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (n > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (n > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const s = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1);
}

// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  const s = f32x4.max(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(s, 0), f32x4.extract_lane(s, 1));
}

/** Σ aᵢ bᵢ over n contiguous elements, in 16 partial sums. */
export function dot(a: usize, b: usize, n: i32): f32 {
  let s0 = splat(0);
  let s1 = splat(0);
  let s2 = splat(0);
  let s3 = splat(0);
  let end = a + (<usize>(n & ~15) << 2);
  while (a < end) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
    a += 64;
    b += 64;
  }
  end = a + (<usize>(n & 12) << 2);
  while (a < end) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    a += 16;
    b += 16;
  }
  const rest = n & 3;
  if (rest) {
    const mask = lanes(rest);
    s1 = madd(v128.and(v128.load(a), mask), v128.and(v128.load(b), mask), s1);
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** y ← y + c · x over n contiguous elements. */
export function axpy(y: usize, x: usize, c: f32, n: i32): void {
  const k = splat(c);
  const end = y + (<usize>(n & ~3) << 2);
  while (y < end) {
    v128.store(y, madd(v128.load(x), k, v128.load(y)));
    x += 16;
    y += 16;
  }
  if (n & 3) storeTail(y, madd(v128.load(x), k, v128.load(y)), n & 3);
}

/** The largest of n contiguous elements; −∞ of none, NaN if any is. */
export function maxOf(x: usize, n: i32): f32 {
  let m0 = splat(-Infinity);
  let m1 = m0;
  let end = x + (<usize>(n & ~7) << 2);
  while (x < end) {
    m0 = f32x4.max(m0, v128.load(x));
    m1 = f32x4.max(m1, v128.load(x, 16));
    x += 32;
  }
  m0 = f32x4.max(m0, m1);
  if (n & 4) {
    m0 = f32x4.max(m0, v128.load(x));
    x += 16;
  }
  const rest = n & 3;
  if (rest) m0 = f32x4.max(m0, v128.bitselect(v128.load(x), splat(-Infinity), lanes(rest)));
  return maxLanes(m0);
}

/** The larger of each lane; `a` where `b` is NaN. One operation, which f32x4.max, with NaN to look after, is not. */
// @ts-ignore: decorator
@inline
export function larger(a: v128, b: v128): v128 {
  return f32x4.pmax(a, b);
}

/** The largest of n contiguous elements, NaN passed over: what softmax shifts by, since exp brings the NaN back. */
export function topOf(x: usize, n: i32): f32 {
  let m0 = splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  let end = x + (<usize>(n & ~15) << 2);
  while (x < end) {
    m0 = larger(m0, v128.load(x));
    m1 = larger(m1, v128.load(x, 16));
    m2 = larger(m2, v128.load(x, 32));
    m3 = larger(m3, v128.load(x, 48));
    x += 64;
  }
  m0 = larger(larger(m0, m1), larger(m2, m3));
  end = x + (<usize>(n & 12) << 2);
  while (x < end) {
    m0 = larger(m0, v128.load(x));
    x += 16;
  }
  if (n & 3) m0 = larger(m0, v128.bitselect(v128.load(x), splat(-Infinity), lanes(n & 3)));
  return maxLanes(m0);
}

/** Σ of n contiguous elements: blocks of 1,024 in 16 partial sums, the blocks in float64. */
export function sumOf(x: usize, n: u32): f32 {
  let total: f64 = 0;
  while (n >= 16) {
    const block = min<u32>(n, 1024) & ~15;
    const end = x + (<usize>block << 2);
    let s0 = splat(0);
    let s1 = splat(0);
    let s2 = splat(0);
    let s3 = splat(0);
    while (x < end) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
      x += 64;
    }
    total += <f64>sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    n -= block;
  }
  while (n) {
    total += <f64>load<f32>(x);
    x += 4;
    n--;
  }
  return <f32>total;
}
