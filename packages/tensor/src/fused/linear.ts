import type { Activation } from "../backend.ts";
import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, matmul, reshape } from "../functions.ts";
import { sameShape, show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gelu, geluTanh } from "./gelu.ts";
import { rows } from "./softmax.ts";

/** Which operands follow x and weight, in this order, and what becomes of the product. */
export interface LinearAttrs {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
}

/** The bias and the residual among the inputs of {@link linearRow}. */
export const linearOperands = <T>(inputs: readonly T[], { bias, residual }: LinearAttrs) => ({
  bias: bias ? inputs[2] : undefined,
  residual: residual ? inputs[bias ? 3 : 2] : undefined,
});

const activations = { gelu, geluTanh } as const;

/** Residual, with an activation: its derivative where it was taken. */
export const linearRow: FusedOp<LinearAttrs> = {
  results: 1,
  residualsOnDemand: true,
  infer: (inputs, attrs) => {
    const [x, weight] = inputs;
    const { bias, residual } = linearOperands(inputs, attrs);
    rows("linear", x!);
    const [outputs, width] = weight!.shape;
    if (weight!.shape.length !== 2 || width !== x!.shape.at(-1) || weight!.dtype !== "f32")
      throw new ShapeError(
        `linear: x ${show(x!.shape)} does not fit the weight ${show(weight!.shape)}; a weight is (outputs, inputs)`,
      );
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))
      throw new ShapeError(`linear: the bias ${show(bias.shape)} must be (${outputs})`);
    const shape = [...x!.shape.slice(0, -1), outputs!];
    if (residual && (!sameShape(residual.shape, shape) || residual.dtype !== "f32"))
      throw new ShapeError(
        `linear: the residual ${residual.dtype} ${show(residual.shape)} must be f32 ${show(shape)}, as the result`,
      );
    const out = { shape, dtype: "f32" } as const;
    return attrs.activation ? [out, out] : [out];
  },
  run: (k, [out, slope], inputs, attrs) => {
    const { bias, residual } = linearOperands(inputs, attrs);
    k.linear(out!, slope, inputs[0]!, inputs[1]!, bias, residual, attrs.activation);
  },
  compose: (inputs, attrs) => {
    const [x, weight] = inputs;
    const { bias, residual } = linearOperands(inputs, attrs);
    const lead = x!.shape.slice(0, -1);
    const flat = reshape(x!, [size(lead), x!.shape.at(-1)!]);
    let y = reshape(matmul(flat, weight!, { transposeB: true }), [...lead, weight!.shape[0]!]);
    if (bias) y = add(y, bias);
    if (attrs.activation) y = activations[attrs.activation](y);
    return [residual ? add(y, residual) : y];
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
 * fit.
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { activation, residual }: LinearOptions = {},
): Tensor {
  const inputs = [x, weight];
  if (bias) inputs.push(bias);
  if (residual) inputs.push(residual);
  const attrs = { bias: bias !== undefined, residual: residual !== undefined, activation };
  return dispatchFused("linear", linearRow, inputs, attrs)[0]!;
}
