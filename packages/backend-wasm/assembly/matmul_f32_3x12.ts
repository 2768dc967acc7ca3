// Micro-kernel for relaxed SIMD: C (3, 12) = Σ_k a[k][3] ⊗ b[k][12] + add, over packed panels; operands as in
// matmul_f32_4x8.ts. Tile 3×12: 9 accumulators, 3 of b, 1 of a: fits 16 registers with FMA under every V8 seen.
// Alone, k = 256: 57 GFLOP/s with relaxed_madd, 36 with mul + add (2-core x86-64 (Xeon), Node 20 with the flag).
import { madd, splat } from "./simd";

export function tile3x12(
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
  let c02 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c12 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c22 = splat(0);
  const end = a + <usize>k * 12;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    a += 12;
    b += 48;
  }
  if (add) {
    c00 = f32x4.add(c00, v128.load(add));
    c01 = f32x4.add(c01, v128.load(add, 16));
    c02 = f32x4.add(c02, v128.load(add, 32));
    add += ldadd;
    c10 = f32x4.add(c10, v128.load(add));
    c11 = f32x4.add(c11, v128.load(add, 16));
    c12 = f32x4.add(c12, v128.load(add, 32));
    add += ldadd;
    c20 = f32x4.add(c20, v128.load(add));
    c21 = f32x4.add(c21, v128.load(add, 16));
    c22 = f32x4.add(c22, v128.load(add, 32));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  v128.store(c, c12, 32);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  v128.store(c, c22, 32);
}
