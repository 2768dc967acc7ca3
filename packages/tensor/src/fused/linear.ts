import type { Activation } from "../backend.ts";
import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { matmul, reshape } from "../functions.ts";
import { Packed, packedOperands } from "../packed/packed.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { endLinear, type LinearAttrs, linearOperands, linearSpec } from "./linear-ending.ts";
import { linearPackedRow } from "./linear-packed.ts";
import { rows } from "./softmax.ts";

/** Residual, with an activation: its derivative where it was taken. */
export const linearRow: FusedOp<LinearAttrs> = {
  results: 1,
  residualsOnDemand: true,
  infer: (inputs, attrs) => {
    const [x, weight] = inputs;
    rows("linear", x!);
    const [outputs, width] = weight!.shape;
    if (weight!.shape.length !== 2 || width !== x!.shape.at(-1) || weight!.dtype !== "f32")
      throw new ShapeError(
        `linear: x ${show(x!.shape)} does not fit the weight ${show(weight!.shape)}; a weight is (outputs, inputs)`,
      );
    const out = linearSpec(x!, outputs!, linearOperands(inputs, attrs));
    return attrs.activation ? [out, out] : [out];
  },
  run: (k, [out, slope], inputs, attrs) => {
    const { bias, residual } = linearOperands(inputs, attrs);
    k.linear(out!, slope, inputs[0]!, inputs[1]!, bias, residual, attrs.activation);
  },
  compose: (inputs, attrs) => {
    const [x, weight] = inputs;
    const lead = x!.shape.slice(0, -1);
    const flat = reshape(x!, [size(lead), x!.shape.at(-1)!]);
    const y = matmul(flat, weight!, { transposeB: true });
    const product = reshape(y, [...lead, weight!.shape[0]!]);
    return [endLinear(product, linearOperands(inputs, attrs), attrs.activation)];
  },
};

/** What {@link linear} does to its product besides adding a bias. */
export interface LinearOptions {
  /** Taken of the product and the bias. */
  readonly activation?: Activation | undefined;
  /** Added last, of the result's shape: the input of a sublayer, which its output is added to. */
  readonly residual?: Tensor | undefined;
}

/**
 * activation(x (…, I) · weight (O, I)ᵀ + bias (O)) + residual (…, O) → (…, O). Throws {@link ShapeError} when they do not
 * fit, and Error for a packed weight where a gradient is recorded.
 */
export function linear(
  x: Tensor,
  weight: Tensor | Packed,
  bias?: Tensor,
  { activation, residual }: LinearOptions = {},
): Tensor {
  const packed = weight instanceof Packed;
  const inputs = [x, ...(packed ? packedOperands("linear", weight) : [weight])];
  if (bias) inputs.push(bias);
  if (residual) inputs.push(residual);
  const attrs = { bias: bias !== undefined, residual: residual !== undefined, activation };
  const outs = packed
    ? dispatchFused("linearPacked", linearPackedRow, inputs, { ...attrs, format: weight.format })
    : dispatchFused("linear", linearRow, inputs, attrs);
  return outs[0]!;
}
