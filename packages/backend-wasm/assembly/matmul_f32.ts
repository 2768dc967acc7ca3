// matmul: C (m, n) = act(A (m, k) · B (k, n) + P) + R, for a batch; either operand may be stored transposed (NN, NT, TN, TT
// differ only in how a panel is packed). Goto & van de Geijn 2008, https://doi.org/10.1145/1356052.1356053:
// k in blocks of at most KC, columns in blocks of NC, rows in blocks of MC; a panel of B stays in the first cache, a block
// of A in the second. Every element of C is one sum in one fixed order: k ascending within a block, the blocks ascending.
// Tiles: plain 4×8, relaxed 3×12, wide 6×16, and 6×8 for up to 8 last columns. GFLOP/s, medians, NN, NT and TN within 4 %
// (2-core x86-64 (Xeon), one of them; plain and relaxed Node 20, wide Node 24; PyTorch 2.13 on AVX2 113, on AVX-512 185):
//   768×384×128 43 / 52 / 108    768×512×128 43 / 52 / 112    768×128×512 42 / 50 / 104    768×65×128 38 / 47 / 89
//   512×1536×384 42 / 51 / 105   512×384×1536 41 / 51 / 103   2048×768×768 42 / 53 / 106   1024×1024×1024 42 / 52 / 105
//   256×50257×768 37 / 47 / 88   batch of 48: 64×64×32 36 / 38 / 86, 64×32×64 37 / 37 / 80
// Blocks of 256 × 192 × 1056 instead of 384 × 48 × 528 gave wide 89 in all instead of 95, most where n or k is above 256;
// A read in place by rows instead of packed 3 % more where n is small and 3 % less elsewhere.
import { fill_32 } from "./fill";
import { finish } from "./finish_f32";
import { tile3x12 } from "./matmul_f32_3x12";
import { tile4x8 } from "./matmul_f32_4x8";
import { tile6x16 } from "./matmul_f32_6x16";
import { tile6x8 } from "./matmul_f32_6x8";
import { rowsPlain, rowsTransposed } from "./matmul_f32_rows";
import { packColumns, packRows } from "./pack_f32";
import { storeTail } from "./simd";
import { WIDE } from "./width";

const MR: i32 = WIDE ? 6 : ASC_FEATURE_RELAXED_SIMD ? 3 : 4;
const NR: i32 = WIDE ? 16 : ASC_FEATURE_RELAXED_SIMD ? 12 : 8;
/** Up to so many last columns take a tile of their own. */
const NARROW: i32 = WIDE ? 8 : 0;
export const KC: i32 = 384;
const MC: i32 = 48; // a multiple of 3, 4 and 6
export const NC: i32 = 528; // a multiple of 8, 12 and 16
/** Up to so many rows go without packing. */
export const FEW_ROWS: i32 = 6;

/** Bytes of scratch `matmul_f32` may use, where B comes packed or not. */
export function matmul_scratch(panels: bool): i32 {
  return (MC * KC + MR * NR + (panels ? 0 : KC * NC)) * 4;
}

// @ts-ignore: decorator
@inline
function tile(k: i32, a: usize, b: usize, c: usize, ldc: usize, add: usize, ldadd: usize): void {
  if (WIDE) tile6x16(k, a, b, c, ldc, add, ldadd);
  else if (ASC_FEATURE_RELAXED_SIMD) tile3x12(k, a, b, c, ldc, add, ldadd);
  else tile4x8(k, a, b, c, ldc, add, ldadd);
}

/** A tile that C has only (rows, cols) of: computed whole into `whole`, then copied. */
function edge(
  rows: i32,
  cols: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  add: usize,
  ldadd: usize,
  whole: usize,
): void {
  if (WIDE && cols <= NARROW) {
    if (rows == MR && cols == NARROW) return tile6x8(k, a, b, c, ldc, add, ldadd);
    tile6x8(k, a, b, whole, NR * 4, 0, 0);
  } else tile(k, a, b, whole, NR * 4, 0, 0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j += 4) {
      const at = <usize>j << 2;
      let v = v128.load(whole + at);
      if (add) v = f32x4.add(v, v128.load(add + at));
      if (cols - j >= 4) v128.store(c + at, v);
      else storeTail(c + at, v, cols - j);
    }
    whole += NR * 4;
    c += ldc;
    add += add ? ldadd : 0;
  }
}

/** Panels of `cols` columns of B, the narrow last one among them. */
// @ts-ignore: decorator
@inline
function packB(transposeB: bool, cols: i32, k: i32, b: usize, ldb: usize, dst: usize): void {
  const last = cols % NR;
  const most = last <= NARROW ? cols - last : cols;
  if (transposeB) packRows(NR, most, k, b, ldb, dst);
  else packColumns(NR, most, k, b, ldb, dst);
  if (NARROW && most < cols) {
    dst += <usize>(most * k) << 2;
    if (transposeB) packRows(NARROW, last, k, b + <usize>most * ldb, ldb, dst);
    else packColumns(NARROW, last, k, b + (<usize>most << 2), ldb, dst);
  }
}

/** Columns of a whole B once packed: its last panel is NR or NARROW wide. */
// @ts-ignore: decorator
@inline
function padded(n: i32): i32 {
  const last = n % NR;
  return n - last + (last == 0 ? 0 : last <= NARROW ? NARROW : NR);
}

/** Of equal parts of k that fit a block, the size. */
// @ts-ignore: decorator
@inline
function depthOf(k: i32): i32 {
  const blocks = (k + KC - 1) / KC;
  return (k + blocks - 1) / blocks;
}

/**
 * Columns c0 … c1 − 1 of B (k, n), packed as every row of a product reads them: for threads that share the rows of C and
 * would each pack all of B. c0 is a multiple of 48. dst: (n + 15)·k floats at most.
 */
export function matmul_pack_f32(
  dst: usize,
  b: usize,
  k: i32,
  n: i32,
  transposeB: bool,
  c0: i32,
  c1: i32,
): void {
  const ldb = <usize>(transposeB ? k : n) << 2;
  const depth = depthOf(k);
  for (let pc = 0; pc < k; pc += depth) {
    const kc = min(depth, k - pc);
    const from = transposeB
      ? b + <usize>c0 * ldb + (<usize>pc << 2)
      : b + <usize>pc * ldb + (<usize>c0 << 2);
    const to = dst + ((<usize>pc * <usize>padded(n) + <usize>c0 * <usize>kc) << 2);
    packB(transposeB, c1 - c0, kc, from, ldb, to);
  }
}

/** One product by packing; `panels`: B as matmul_pack_f32 left it, or 0. Row strides in bytes. */
export function packed(
  transposeA: bool,
  transposeB: bool,
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
  act: i32,
  slope: usize,
  residual: usize,
  panels: usize,
  scratch: usize,
): void {
  const whole = scratch + MC * KC * 4;
  let panelsB = whole + MR * NR * 4;
  const depth = depthOf(k);
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += depth) {
      const kc = min(depth, k - pc);
      if (panels)
        panelsB = panels + ((<usize>pc * <usize>padded(n) + <usize>jc * <usize>kc) << 2);
      else {
        const from = transposeB
          ? b + <usize>jc * ldb + (<usize>pc << 2)
          : b + <usize>pc * ldb + (<usize>jc << 2);
        packB(transposeB, nc, kc, from, ldb, panelsB);
      }
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic);
        if (transposeA)
          packColumns(MR, mc, kc, a + <usize>pc * lda + (<usize>ic << 2), lda, scratch);
        else packRows(MR, mc, kc, a + <usize>ic * lda + (<usize>pc << 2), lda, scratch);
        for (let jr = 0; jr < nc; jr += NR) {
          const cols = min(NR, nc - jr);
          const pb = panelsB + <usize>(jr * kc) * 4;
          const column = <usize>(jc + jr) << 2;
          for (let ir = 0; ir < mc; ir += MR) {
            const rows = min(MR, mc - ir);
            const pa = scratch + <usize>(ir * kc) * 4;
            const to = c + <usize>(ic + ir) * ldc + column;
            const add = pc ? to : plus ? plus + <usize>(ic + ir) * ldplus + column : 0;
            const ldadd = pc ? ldc : ldplus;
            if (rows == MR && cols == NR) tile(kc, pa, pb, to, ldc, add, ldadd);
            else edge(rows, cols, kc, pa, pb, to, ldc, add, ldadd, whole);
          }
        }
        if (pc + kc == k && (act || residual))
          finish(act, mc, nc, c + <usize>ic * ldc + (<usize>jc << 2), ldc, slope, residual);
      }
    }
  }
}

/** Products of a few elements, in any layout. */
function tiny(
  transposeA: bool,
  transposeB: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  plus: usize,
  ldplus: usize,
): void {
  const stepA = <usize>(transposeA ? m : 1) << 2;
  const stepB = <usize>(transposeB ? 1 : n) << 2;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let p = a + (<usize>(transposeA ? i : i * k) << 2);
      let q = b + (<usize>(transposeB ? j * k : j) << 2);
      let s: f32 = 0;
      for (let r = 0; r < k; r++) {
        s += load<f32>(p) * load<f32>(q);
        p += stepA;
        q += stepB;
      }
      if (plus) s += load<f32>(plus + (<usize>j << 2));
      store<f32>(c, s);
      c += 4;
    }
    plus += plus ? ldplus : 0;
  }
}

/**
 * Rows r0 … r1 − 1 and columns c0 … c1 − 1 of one product. The way is chosen by the whole product, so that each element
 * has the same sum in any part; parts begin at multiples of 48 (every tile's rows and
 * columns divide it), and a product that takes `tiny` has one.
 */
function one(
  transposeA: bool,
  transposeB: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  plus: usize,
  ldplus: usize,
  act: i32,
  slope: usize,
  residual: usize,
  panels: usize,
  scratch: usize,
  r0: i32,
  r1: i32,
  c0: i32,
  c1: i32,
): void {
  if (<f64>m * <f64>n * <f64>k <= 64) {
    tiny(transposeA, transposeB, m, n, k, a, b, c, plus, ldplus);
    return finish(act, m, n, c, <usize>n << 2, slope, residual);
  }
  const lda = <usize>(transposeA ? m : k) << 2;
  const ldb = <usize>(transposeB ? k : n) << 2;
  const ldc = <usize>n << 2;
  const rows = r1 - r0;
  const cols = c1 - c0;
  a += transposeA ? <usize>r0 << 2 : <usize>r0 * lda;
  b += transposeB ? <usize>c0 * ldb : <usize>c0 << 2;
  c += <usize>r0 * ldc + (<usize>c0 << 2);
  if (plus) plus += <usize>r0 * ldplus + (<usize>c0 << 2);
  if (n == 1 && (!plus || ldplus == 4)) {
    // A column is a row of the transposed product: c (1, m) = bᵀ (1, k) · Aᵀ (k, m).
    if (transposeA) rowsPlain(1, rows, k, b, 0, a, lda, c, 0, plus, 0);
    else rowsTransposed(1, rows, k, b, 0, a, lda, c, 0, plus, 0);
  } else if (m == 1 || (m <= FEW_ROWS && !transposeA)) {
    if (transposeB) rowsTransposed(rows, cols, k, a, lda, b, ldb, c, ldc, plus, ldplus);
    else rowsPlain(rows, cols, k, a, lda, b, ldb, c, ldc, plus, ldplus);
  } else
    return packed(
      transposeA,
      transposeB,
      rows,
      cols,
      k,
      a,
      lda,
      b,
      ldb,
      c,
      ldc,
      plus,
      ldplus,
      act,
      slope,
      residual,
      panels,
      scratch,
    );
  finish(act, rows, cols, c, ldc, slope, residual);
}

/**
 * Rows r0 … r1 − 1 and columns c0 … c1 − 1 of each product. All dense; `plus`, what is added: 0 for nothing, with `ldplus`
 * 0 a bias (n), else a matrix (m, n) for each product, of row stride n, which may be `out` itself. `act`: see
 * finish_f32.ts; `slope`: where its derivative goes, or 0; `residual`: R, or 0; each shaped as C. `panels`: the
 * whole of B, packed, or 0 (one product of more than 6 rows, all its columns). `scratch`: as many bytes as matmul_scratch
 * says, 16-byte aligned.
 */
export function matmul_f32(
  out: usize,
  a: usize,
  b: usize,
  plus: usize,
  ldplus: usize,
  act: i32,
  slope: usize,
  residual: usize,
  batch: i32,
  m: i32,
  k: i32,
  n: i32,
  transposeA: bool,
  transposeB: bool,
  r0: i32,
  r1: i32,
  c0: i32,
  c1: i32,
  panels: usize,
  scratch: usize,
): void {
  const bytesA = (<usize>m * <usize>k) << 2;
  const bytesB = (<usize>k * <usize>n) << 2;
  const bytesC = (<usize>m * <usize>n) << 2;
  // From an element of C to its own in the others.
  if (slope) slope -= out;
  if (residual) residual -= out;
  for (let i = 0; i < batch; i++) {
    if (k)
      one(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a,
        b,
        out,
        plus,
        ldplus,
        act,
        slope,
        residual,
        panels,
        scratch,
        r0,
        r1,
        c0,
        c1,
      );
    else {
      if (!plus) fill_32(out, m * n, 0);
      else
        for (let r = 0; r < m; r++)
          memory.copy(out + ((<usize>r * n) << 2), plus + <usize>r * ldplus, <usize>n << 2);
      finish(act, m, n, out, <usize>n << 2, slope, residual);
    }
    out += bytesC;
    a += bytesA;
    b += bytesB;
    if (ldplus) plus += bytesC;
  }
}
