// Sums over rows go by blocks of ROW_BLOCK rows, whichever thread computes one, and the blocks are added here in their
// order: the result depends neither on the number of threads nor on who came first, and its error not on all rows.
import { fill_32 } from "./fill";
import { storeTail } from "./simd";

/** Rows whose share of a gain's or a bias's gradient is summed apart. */
export const ROW_BLOCK: u32 = 64;

/** a ← a + b over n elements. */
function accumulate(a: usize, b: usize, n: u32): void {
  const end = a + (<usize>(n & ~3) << 2);
  while (a < end) {
    v128.store(a, f32x4.add(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  if (n & 3) storeTail(a, f32x4.add(v128.load(a), v128.load(b)), n & 3);
}

/** out (C) ← Σ over `blocks` rows of C floats, `stride` bytes apart. */
export function sum_blocks_f32(out: usize, parts: usize, blocks: u32, C: u32, stride: usize): void {
  fill_32(out, C, 0);
  for (let i: u32 = 0; i < blocks; i++) {
    accumulate(out, parts, C);
    parts += stride;
  }
}
