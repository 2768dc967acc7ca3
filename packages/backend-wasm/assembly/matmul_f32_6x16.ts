// Micro-kernel of the wide variant: C (6, 16) = Σ_k a[k][6] ⊗ b[k][16] + add; operands as in matmul_f32_4x8.ts. Pairs of
// vectors that lie together, A in splats, pairs of stores last: V8's revectorizer makes 12 accumulators of 256 bits of it.
// `add` comes after the sum, since a tile that starts from loads is not widened. Alone, k = 256: 115 GFLOP/s; 4×16 108; not
// widened 50 (2-core x86-64 (Xeon), Node 24).
import { madd, splat } from "./simd";

export function tile6x16(
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
  let c03 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c12 = splat(0);
  let c13 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c22 = splat(0);
  let c23 = splat(0);
  let c30 = splat(0);
  let c31 = splat(0);
  let c32 = splat(0);
  let c33 = splat(0);
  let c40 = splat(0);
  let c41 = splat(0);
  let c42 = splat(0);
  let c43 = splat(0);
  let c50 = splat(0);
  let c51 = splat(0);
  let c52 = splat(0);
  let c53 = splat(0);
  const end = a + <usize>k * 24;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    c02 = madd(x, b2, c02);
    c03 = madd(x, b3, c03);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    c12 = madd(x, b2, c12);
    c13 = madd(x, b3, c13);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    c22 = madd(x, b2, c22);
    c23 = madd(x, b3, c23);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    c32 = madd(x, b2, c32);
    c33 = madd(x, b3, c33);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    c42 = madd(x, b2, c42);
    c43 = madd(x, b3, c43);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    c52 = madd(x, b2, c52);
    c53 = madd(x, b3, c53);
    a += 24;
    b += 64;
  }
  if (add) {
    c00 = f32x4.add(c00, v128.load(add));
    c01 = f32x4.add(c01, v128.load(add, 16));
    c02 = f32x4.add(c02, v128.load(add, 32));
    c03 = f32x4.add(c03, v128.load(add, 48));
    add += ldadd;
    c10 = f32x4.add(c10, v128.load(add));
    c11 = f32x4.add(c11, v128.load(add, 16));
    c12 = f32x4.add(c12, v128.load(add, 32));
    c13 = f32x4.add(c13, v128.load(add, 48));
    add += ldadd;
    c20 = f32x4.add(c20, v128.load(add));
    c21 = f32x4.add(c21, v128.load(add, 16));
    c22 = f32x4.add(c22, v128.load(add, 32));
    c23 = f32x4.add(c23, v128.load(add, 48));
    add += ldadd;
    c30 = f32x4.add(c30, v128.load(add));
    c31 = f32x4.add(c31, v128.load(add, 16));
    c32 = f32x4.add(c32, v128.load(add, 32));
    c33 = f32x4.add(c33, v128.load(add, 48));
    add += ldadd;
    c40 = f32x4.add(c40, v128.load(add));
    c41 = f32x4.add(c41, v128.load(add, 16));
    c42 = f32x4.add(c42, v128.load(add, 32));
    c43 = f32x4.add(c43, v128.load(add, 48));
    add += ldadd;
    c50 = f32x4.add(c50, v128.load(add));
    c51 = f32x4.add(c51, v128.load(add, 16));
    c52 = f32x4.add(c52, v128.load(add, 32));
    c53 = f32x4.add(c53, v128.load(add, 48));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  c += ldc;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  v128.store(c, c12, 32);
  v128.store(c, c13, 48);
  c += ldc;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  v128.store(c, c22, 32);
  v128.store(c, c23, 48);
  c += ldc;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  v128.store(c, c32, 32);
  v128.store(c, c33, 48);
  c += ldc;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  v128.store(c, c42, 32);
  v128.store(c, c43, 48);
  c += ldc;
  v128.store(c, c50);
  v128.store(c, c51, 16);
  v128.store(c, c52, 32);
  v128.store(c, c53, 48);
}
