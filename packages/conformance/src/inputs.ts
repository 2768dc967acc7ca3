import { type Backend, Rng, size, Tensor, type TypedArray } from "@muladd/tensor";
import type { AnyOp } from "./case.ts";
import type { Input, Sample } from "./sample.ts";

/** True for what is differentiated: not ids, masks and other whole numbers, nor constants. */
export const isSmooth = (input: Input): boolean =>
  input.dtype !== "i32" && !input.whole && !input.constant;

/** The numbers of a sample's inputs: the same on every machine, exact in float32, different for each sample of an op. */
export function inputData(op: AnyOp, sample: Sample<unknown>, index: number): TypedArray[] {
  return sample.inputs.map((input, i) => {
    const rng = Rng.at(index, op, i);
    const [low, high] = input.domain ?? [-2, 2];
    const count = size(input.shape);
    if (input.dtype !== "i32" && !input.whole)
      return Float64Array.from({ length: count }, () =>
        Math.fround(low + (high - low) * rng.uniform()),
      );
    const numbers = Array.from({ length: count }, () => low + rng.integer(high - low + 1));
    return input.dtype === "i32" ? Int32Array.from(numbers) : Float64Array.from(numbers);
  });
}

export const upload = (
  backend: Backend,
  sample: Sample<unknown>,
  data: readonly TypedArray[],
): Tensor[] =>
  sample.inputs.map(({ shape, dtype = "f32" }, i) => Tensor.from(backend, data[i]!, shape, dtype));
