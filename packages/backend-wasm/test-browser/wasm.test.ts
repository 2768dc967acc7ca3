import { expect, it } from "vitest";
import { wasm } from "../src/index.ts";

it("multiplies two matrices in a browser", async () => {
  using backend = await wasm();
  const [m, k, n] = [9, 20, 13];
  const a = Float32Array.from({ length: m * k }, (_, i) => (i % 7) - 3);
  const b = Float32Array.from({ length: k * n }, (_, i) => (i % 5) - 2);
  const put = (data: Float32Array, shape: number[]) => {
    const buffer = backend.alloc(data.length, "f32");
    backend.write(buffer, data);
    return { buffer, shape, dtype: "f32" as const };
  };
  const out = put(new Float32Array(m * n), [m, n]);
  backend.kernels.matmul(out, put(a, [m, k]), put(b, [k, n]), {
    batch: 1,
    m,
    k,
    n,
    transposeA: false,
    transposeB: false,
  });
  const expected = Array.from({ length: m * n }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[Math.floor(i / n) * k + p]! * b[p * n + (i % n)]!;
    return sum;
  });
  // Small integers: every product and sum is exact.
  expect([...(await backend.read(out.buffer))]).toEqual(expected);
});

it("names its variant: relaxed, as browsers of 2026 have it", async () => {
  using backend = await wasm();
  expect(["simd", "relaxed"]).toContain(backend.variant);
});
