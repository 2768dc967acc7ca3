import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, matmul, reshape } from "../functions.ts";
import type { None } from "../ops.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { rows } from "./softmax.ts";

/** Inputs x, weight and, with a bias, bias. */
export const linearRow: FusedOp<None> = {
  results: 1,
  infer: ([x, weight, bias]) => {
    rows("linear", x!);
    const [outputs, inputs] = weight!.shape;
    if (weight!.shape.length !== 2 || inputs !== x!.shape.at(-1) || weight!.dtype !== "f32")
      throw new ShapeError(
        `linear: x ${show(x!.shape)} does not fit the weight ${show(weight!.shape)}; a weight is (outputs, inputs)`,
      );
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))
      throw new ShapeError(`linear: the bias ${show(bias.shape)} must be (${outputs})`);
    return [{ shape: [...x!.shape.slice(0, -1), outputs!], dtype: "f32" }];
  },
  run: (k, [out], [x, weight, bias]) => k.linear(out!, x!, weight!, bias),
  compose: ([x, weight, bias]) => {
    const lead = x!.shape.slice(0, -1);
    const flat = reshape(x!, [size(lead), x!.shape.at(-1)!]);
    const y = reshape(matmul(flat, weight!, { transposeB: true }), [...lead, weight!.shape[0]!]);
    return [bias ? add(y, bias) : y];
  },
};

/** x (…, I) · weight (O, I)ᵀ + bias (O) → (…, O). Throws {@link ShapeError} when they do not fit. */
export const linear = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor =>
  dispatchFused("linear", linearRow, bias ? [x, weight, bias] : [x, weight], {})[0]!;
