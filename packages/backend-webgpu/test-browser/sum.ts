import type { Backend, Dense, TypedArray } from "@muladd/tensor";

/** Sums of rows of hyperbolic tangents. */
export function sumOfRows(backend: Backend): Promise<TypedArray> {
  const dense = (...shape: number[]): Dense => ({
    buffer: backend.alloc(
      shape.reduce((a, b) => a * b),
      "f32",
    ),
    shape,
    dtype: "f32",
  });
  const [x, y, sums] = [dense(8, 1000), dense(8, 1000), dense(8)];
  backend.kernels.fill(x, 0, 0.01);
  backend.kernels.unary("tanh", y, x, 0);
  backend.kernels.reduce("sum", sums, y, [8, 1000, 1]);
  return backend.read(sums.buffer);
}
