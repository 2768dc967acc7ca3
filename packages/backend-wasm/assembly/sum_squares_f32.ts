// Σ x² by blocks of BLOCK elements, whichever thread computes one; the blocks are added in float64 in their order, so the
// result does not depend on the threads, nor its error on n.
import { dot } from "./simd";

/** Elements of a block: SQUARES_BLOCK in src/fused.ts. */
const BLOCK: u32 = 8192;

/** Blocks b0 … b1 − 1 of n elements, each to its float64 in `parts`. */
export function sum_squares_f32(parts: usize, x: usize, n: u32, b0: u32, b1: u32): void {
  for (let b = b0; b < b1; b++) {
    const from = b * BLOCK;
    const at = x + (<usize>from << 2);
    store<f64>(parts + (<usize>b << 3), <f64>dot(at, at, min(BLOCK, n - from)));
  }
}

/** out () ← Σ of n float64. */
export function sum_parts_f64(out: usize, parts: usize, n: u32): void {
  let total: f64 = 0;
  for (let i: u32 = 0; i < n; i++) total += load<f64>(parts + (<usize>i << 3));
  store<f32>(out, <f32>total);
}
