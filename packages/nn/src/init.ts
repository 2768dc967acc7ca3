import { type Backend, Parameter, Rng, type Shape, size } from "@muladd/tensor";

/** Makes new parameters on one backend. The same seed gives the same weights on every backend. */
export interface Init {
  readonly backend: Backend;
  /** N(0, std²). */
  normal(shape: Shape, std: number): Parameter;
  constant(shape: Shape, value: number): Parameter;
}

/** Random weights from a seed. Parameters draw in the order in which a model makes them. */
export function init(backend: Backend, seed: number): Init {
  const rng = new Rng(seed, "init");
  return {
    backend,
    normal: (shape, std) =>
      Parameter.of(
        backend,
        rng.normals(size(shape)).map((x) => x * std),
        shape,
      ),
    constant: (shape, value) =>
      Parameter.of(backend, new Float32Array(size(shape)).fill(value), shape),
  };
}

/** Zeros: for a model whose weights are about to be loaded. Costs no random numbers. */
export const blank = (backend: Backend): Init => ({
  backend,
  normal: (shape) => Parameter.of(backend, new Float32Array(size(shape)), shape),
  constant: (shape, value) =>
    Parameter.of(backend, new Float32Array(size(shape)).fill(value), shape),
});
