// Packing: a matrix into panels of R, contiguous along k, the last padded with zeros: dst[panel][k][R].
// R is 3, 4, 6, 8, 12 or 16. In the first cache rows 6–9, columns 8–22 G elements/s
// (2-core x86-64 (Xeon), Node 20).

/** Four rows, `k` columns: dst[i][0 … 3] ← src[0 … 3][i], `step` bytes from i to i + 1. */
function fourRows(k: i32, src: usize, ld: usize, dst: usize, step: usize): void {
  const s1 = src + ld;
  const s2 = s1 + ld;
  const s3 = s2 + ld;
  const end = <usize>(k & ~3) << 2;
  const last = <usize>k << 2;
  let i: usize = 0;
  while (i < end) {
    const a = v128.load(src + i);
    const b = v128.load(s1 + i);
    const c = v128.load(s2 + i);
    const d = v128.load(s3 + i);
    const l0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const h0 = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const l1 = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const h1 = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(dst, i64x2.shuffle(l0, l1, 0, 2));
    dst += step;
    v128.store(dst, i64x2.shuffle(l0, l1, 1, 3));
    dst += step;
    v128.store(dst, i64x2.shuffle(h0, h1, 0, 2));
    dst += step;
    v128.store(dst, i64x2.shuffle(h0, h1, 1, 3));
    dst += step;
    i += 16;
  }
  while (i < last) {
    store<f32>(dst, load<f32>(src + i));
    store<f32>(dst, load<f32>(s1 + i), 4);
    store<f32>(dst, load<f32>(s2 + i), 8);
    store<f32>(dst, load<f32>(s3 + i), 12);
    dst += step;
    i += 4;
  }
}

/** Three rows into a panel of 3. */
function threeRows(k: i32, src: usize, ld: usize, dst: usize): void {
  const s1 = src + ld;
  const s2 = s1 + ld;
  const end = <usize>(k & ~3) << 2;
  const last = <usize>k << 2;
  let i: usize = 0;
  while (i < end) {
    const a = v128.load(src + i);
    const b = v128.load(s1 + i);
    const c = v128.load(s2 + i);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5); // a0 b0 a1 b1
    const bc = i32x4.shuffle(b, c, 1, 5, 2, 6); // b1 c1 b2 c2
    const ca = i32x4.shuffle(c, a, 0, 5, 2, 7); // c0 a1 c2 a3
    const hi = i32x4.shuffle(b, c, 3, 7, 2, 6); // b3 c3 b2 c2
    v128.store(dst, i32x4.shuffle(ab, ca, 0, 1, 4, 5)); // a0 b0 c0 a1
    v128.store(dst, i32x4.shuffle(bc, i32x4.shuffle(a, b, 2, 6, 2, 6), 0, 1, 4, 5), 16); // b1 c1 a2 b2
    v128.store(dst, i32x4.shuffle(ca, hi, 2, 3, 4, 5), 32); // c2 a3 b3 c3
    dst += 48;
    i += 16;
  }
  while (i < last) {
    store<f32>(dst, load<f32>(src + i));
    store<f32>(dst, load<f32>(s1 + i), 4);
    store<f32>(dst, load<f32>(s2 + i), 8);
    dst += 12;
    i += 4;
  }
}

/** Two rows, as the four of `fourRows`. */
function twoRows(k: i32, src: usize, ld: usize, dst: usize, step: usize): void {
  const s1 = src + ld;
  const end = <usize>(k & ~3) << 2;
  const last = <usize>k << 2;
  let i: usize = 0;
  while (i < end) {
    const a = v128.load(src + i);
    const b = v128.load(s1 + i);
    const low = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const high = i32x4.shuffle(a, b, 2, 6, 3, 7);
    v128.store_lane<u64>(dst, low, 0);
    dst += step;
    v128.store_lane<u64>(dst, low, 1);
    dst += step;
    v128.store_lane<u64>(dst, high, 0);
    dst += step;
    v128.store_lane<u64>(dst, high, 1);
    dst += step;
    i += 16;
  }
  while (i < last) {
    store<f32>(dst, load<f32>(src + i));
    store<f32>(dst, load<f32>(s1 + i), 4);
    dst += step;
    i += 4;
  }
}

/** `rows` < R rows, the others zero. */
function fewRows(R: i32, rows: i32, k: i32, src: usize, ld: usize, dst: usize): void {
  for (let i = 0; i < k; i++) {
    for (let r = 0; r < R; r++) {
      store<f32>(dst, r < rows ? load<f32>(src + <usize>r * ld) : 0);
      dst += 4;
    }
    src += 4;
  }
}

/** src (rows, k), contiguous along k, row stride `ld` bytes: packs its transpose. */
export function packRows(R: i32, rows: i32, k: i32, src: usize, ld: usize, dst: usize): void {
  const panel = <usize>k * <usize>R * 4;
  const step = <usize>R << 2;
  while (rows >= R) {
    if (R == 3) threeRows(k, src, ld, dst);
    else if (R == 6) {
      fourRows(k, src, ld, dst, step);
      twoRows(k, src + 4 * ld, ld, dst + 16, step);
    } else
      for (let r = 0; r < R; r += 4)
        fourRows(k, src + <usize>r * ld, ld, dst + (<usize>r << 2), step);
    src += ld * <usize>R;
    dst += panel;
    rows -= R;
  }
  if (rows > 0) fewRows(R, rows, k, src, ld, dst);
}

// @ts-ignore: decorator
@inline
function copyColumns(R: i32, src: usize, dst: usize): void {
  if (R == 3) {
    store<u64>(dst, load<u64>(src));
    store<u32>(dst, load<u32>(src, 8), 8);
  } else {
    v128.store(dst, v128.load(src));
    if (R == 6) store<u64>(dst, load<u64>(src, 16), 16);
    if (R > 6) v128.store(dst, v128.load(src, 16), 16);
    if (R > 8) v128.store(dst, v128.load(src, 32), 32);
    if (R > 12) v128.store(dst, v128.load(src, 48), 48);
  }
}

// @ts-ignore: decorator
@inline
function columns(R: i32, cols: i32, k: i32, src: usize, ld: usize, dst: usize): void {
  const step = <usize>R << 2;
  const panel = <usize>k * step;
  // Four panels at a time, so that whole cache lines of a row are read at once.
  while (cols >= 4 * R) {
    let s = src;
    let d = dst;
    for (let i = 0; i < k; i++) {
      copyColumns(R, s, d);
      copyColumns(R, s + step, d + panel);
      copyColumns(R, s + 2 * step, d + 2 * panel);
      copyColumns(R, s + 3 * step, d + 3 * panel);
      s += ld;
      d += step;
    }
    src += 4 * step;
    dst += 4 * panel;
    cols -= 4 * R;
  }
  while (cols >= R) {
    let s = src;
    let d = dst;
    for (let i = 0; i < k; i++) {
      copyColumns(R, s, d);
      s += ld;
      d += step;
    }
    src += step;
    dst += panel;
    cols -= R;
  }
  if (cols > 0)
    for (let i = 0; i < k; i++) {
      for (let c = 0; c < R; c++)
        store<f32>(dst + (<usize>c << 2), c < cols ? load<f32>(src + (<usize>c << 2)) : 0);
      src += ld;
      dst += step;
    }
}

/** src (k, cols), contiguous along cols, row stride `ld` bytes. */
export function packColumns(R: i32, cols: i32, k: i32, src: usize, ld: usize, dst: usize): void {
  if (R == 3) columns(3, cols, k, src, ld, dst);
  else if (R == 4) columns(4, cols, k, src, ld, dst);
  else if (R == 6) columns(6, cols, k, src, ld, dst);
  else if (R == 8) columns(8, cols, k, src, ld, dst);
  else if (R == 12) columns(12, cols, k, src, ld, dst);
  else columns(16, cols, k, src, ld, dst);
}
