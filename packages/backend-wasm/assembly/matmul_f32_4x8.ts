// Micro-kernel: C (4, 8) = Σ_k a[k][4] ⊗ b[k][8] + add, over packed panels.
//   a (k, 4), b (k, 8)  contiguous;  c: 4 rows of `ldc` bytes;  add: 4 rows of `ldadd` bytes, 0 for none (ldadd 0 repeats a
//   bias row; add = c accumulates).
// Tile 4×8: 8 accumulators, 2 of b, 1 of a, 1 product: fits 16 registers without FMA. k is not unrolled: asc -O3 would
// nest the additions and V8 spill. Alone, k = 256: 44.6 GFLOP/s with mul + add, 53.5 with relaxed_madd (2-core x86-64 (Xeon), Node 20).
import { madd, splat } from "./simd";

export function tile4x8(
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  add: usize,
  ldadd: usize,
): void {
  let c00 = splat(0);
  let c01 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c30 = splat(0);
  let c31 = splat(0);
  const end = a + (<usize>k << 4);
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    a += 16;
    b += 32;
  }
  if (add) {
    c00 = f32x4.add(c00, v128.load(add));
    c01 = f32x4.add(c01, v128.load(add, 16));
    add += ldadd;
    c10 = f32x4.add(c10, v128.load(add));
    c11 = f32x4.add(c11, v128.load(add, 16));
    add += ldadd;
    c20 = f32x4.add(c20, v128.load(add));
    c21 = f32x4.add(c21, v128.load(add, 16));
    add += ldadd;
    c30 = f32x4.add(c30, v128.load(add));
    c31 = f32x4.add(c31, v128.load(add, 16));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}
