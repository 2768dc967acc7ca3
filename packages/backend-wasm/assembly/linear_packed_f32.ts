// linear_packed: C (m, n) = act(A (m, k) · Wᵀ + P) + R by packed weights W (n, k). One row of A meets the weights in
// registers; a few meet rows of W that were widened into the first cache; many, as those of a prompt, meet panels of W that
// were widened into scratch, a block of k and of columns at a time, in the product of matmul_f32.ts.
import { fill_32 } from "./fill";
import { finish } from "./finish_f32";
import { FEW_ROWS, KC, matmul_scratch, NC, packed } from "./matmul_f32";
import { rowsTransposed } from "./matmul_f32_rows";
import { dotRows, GROUP, groupBytes, widenRow } from "./packed";

/** Rows of W that a few rows of A meet at once: a divisor of where parts begin. */
const ROWS: i32 = 16;

/** Bytes of scratch that `linear_packed_f32` may use. */
export function linear_packed_scratch(m: i32, k: i32): i32 {
  if (m == 1) return ((k + GROUP - 1) & -GROUP) * 4;
  return m <= FEW_ROWS || k == 0 ? ROWS * k * 4 : KC * NC * 4 + matmul_scratch(false);
}

/**
 * Columns c0 … c1 − 1 of C. `plus`: a bias (n), or 0; `residual`: R, shaped as C, or 0. `scratch`: as many bytes as
 * linear_packed_scratch says, 16-byte aligned. c0 is a multiple of 48.
 */
export function linear_packed_f32(
  format: i32,
  out: usize,
  a: usize,
  words: usize,
  scales: usize,
  plus: usize,
  act: i32,
  residual: usize,
  m: i32,
  k: i32,
  n: i32,
  c0: i32,
  c1: i32,
  scratch: usize,
): void {
  const groups = (k + GROUP - 1) / GROUP;
  const row = <usize>groups * groupBytes(format);
  const lda = <usize>k << 2;
  const ldc = <usize>n << 2;
  const cols = c1 - c0;
  const at = <usize>c0 << 2;
  words += <usize>c0 * row;
  scales += <usize>c0 * <usize>groups * 4;
  if (residual) residual -= out;
  out += at;
  if (plus) plus += at;
  if (m == 1) {
    let x = a;
    if (k % GROUP) {
      x = scratch;
      memory.copy(x, a, lda);
      fill_32(x + lda, groups * GROUP - k, 0);
    }
    dotRows(format, cols, words, scales, x, groups, plus, out);
  } else if (m <= FEW_ROWS || k == 0)
    for (let j = 0; j < cols; j += ROWS) {
      const some = min(ROWS, cols - j);
      widenRows(format, some, words + <usize>j * row, row, scales + <usize>(j * groups) * 4, groups, k, scratch);
      const to = <usize>j << 2;
      rowsTransposed(m, some, k, a, lda, scratch, lda, out + to, ldc, plus ? plus + to : 0, 0);
    }
  else
    return panels(format, out, a, words, row, scales, groups, plus, act, residual, m, k, cols, lda, ldc, scratch);
  finish(act, m, cols, out, ldc, 0, residual);
}

/** The first `k` numbers of `n` rows, from a group on, one row behind the other. */
function widenRows(
  format: i32,
  n: i32,
  words: usize,
  row: usize,
  scales: usize,
  groups: i32,
  k: i32,
  to: usize,
): void {
  for (let j = 0; j < n; j++) {
    widenRow(format, words, scales, k, to);
    words += row;
    scales += <usize>groups << 2;
    to += <usize>k << 2;
  }
}

function panels(
  format: i32,
  out: usize,
  a: usize,
  words: usize,
  row: usize,
  scales: usize,
  groups: i32,
  plus: usize,
  act: i32,
  residual: usize,
  m: i32,
  k: i32,
  n: i32,
  lda: usize,
  ldc: usize,
  scratch: usize,
): void {
  const rest = scratch + KC * NC * 4;
  const blocks = (k + KC - 1) / KC;
  const depth = ((groups + blocks - 1) / blocks) * GROUP;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    const to = out + (<usize>jc << 2);
    const bias = plus ? plus + (<usize>jc << 2) : 0;
    for (let pc = 0; pc < k; pc += depth) {
      const kc = min(depth, k - pc);
      const group = pc / GROUP;
      const from = words + <usize>jc * row + <usize>group * groupBytes(format);
      const factors = scales + ((<usize>jc * <usize>groups + <usize>group) << 2);
      widenRows(format, nc, from, row, factors, groups, kc, scratch);
      const last = pc + kc == k;
      packed(
        false,
        true,
        m,
        nc,
        kc,
        a + (<usize>pc << 2),
        lda,
        scratch,
        <usize>kc << 2,
        to,
        ldc,
        pc ? to : bias,
        pc ? ldc : 0,
        last ? act : 0,
        0,
        last ? residual : 0,
        0,
        rest,
      );
    }
  }
}

/** Rows of a packed table (V, C) at ids (n) i32 → out (n, C); an id outside 0 … V−1 gives NaN. */
export function gather_packed_f32(
  format: i32,
  out: usize,
  words: usize,
  scales: usize,
  ids: usize,
  n: u32,
  V: u32,
  C: u32,
): void {
  const groups = (C + GROUP - 1) / GROUP;
  const row = <usize>groups * groupBytes(format);
  for (let i: u32 = 0; i < n; i++) {
    const id = load<u32>(ids);
    if (id >= V) fill_32(out, C, 0x7fc00000);
    else widenRow(format, words + <usize>id * row, scales + ((<usize>id * <usize>groups) << 2), C, out);
    ids += 4;
    out += <usize>C << 2;
  }
}
