import {
  type Backend,
  Packed,
  type PackedFormat,
  Parameter,
  packedBytes,
  Rng,
  type Shape,
  size,
} from "@muladd/tensor";

/** What a layer multiplies by: a parameter that can be trained, or packed numbers that cannot. */
export type Weight = Parameter | Packed;

/** How a model's matrices are stored. */
export type WeightFormat = "f32" | PackedFormat;

/** Makes new parameters on one backend. The same seed gives the same weights on every backend. */
export interface Init {
  readonly backend: Backend;
  /** N(0, std²). */
  normal(shape: Shape, std: number): Parameter;
  /** The same for the matrix (rows, columns) of a linear layer or an embedding. */
  matrix(rows: number, columns: number, std: number): Weight;
  constant(shape: Shape, value: number): Parameter;
}

/** Random weights from a seed. Parameters draw in the order in which a model makes them. */
export function init(backend: Backend, seed: number): Init {
  const rng = new Rng(seed, "init");
  const normal = (shape: Shape, std: number) =>
    Parameter.of(
      backend,
      rng.normals(size(shape)).map((x) => x * std),
      shape,
    );
  return {
    backend,
    normal,
    matrix: (rows, columns, std) => normal([rows, columns], std),
    constant: (shape, value) =>
      Parameter.of(backend, new Float32Array(size(shape)).fill(value), shape),
  };
}

/** What {@link blank} makes. */
export interface BlankOptions {
  /**
   * Default "f32". Otherwise the matrices of linear layers and embeddings are packed, where that takes less memory than f32:
   * rows are whole groups of 32 columns, so the narrowest do not gain. Norms, biases and positions stay f32.
   */
  readonly weights?: WeightFormat;
}

/** Zeros: for a model whose weights are about to be loaded. Costs no random numbers. */
export function blank(backend: Backend, { weights = "f32" }: BlankOptions = {}): Init {
  const zeros = (shape: Shape) => Parameter.of(backend, new Float32Array(size(shape)), shape);
  return {
    backend,
    normal: zeros,
    matrix: (rows, columns) =>
      weights !== "f32" && packedBytes(weights, [rows, columns]) < 4 * rows * columns
        ? new Packed(backend, weights, [rows, columns])
        : zeros([rows, columns]),
    constant: (shape, value) =>
      Parameter.of(backend, new Float32Array(size(shape)).fill(value), shape),
  };
}
