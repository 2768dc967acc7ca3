import type { Activation } from "../backend.ts";
import { ShapeError } from "../errors.ts";
import { add } from "../functions.ts";
import type { Spec } from "../ops.ts";
import { sameShape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gelu, geluTanh } from "./gelu.ts";

/** Which operands follow x and weight, in this order, and what becomes of the product. */
export interface LinearAttrs {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
}

/** The bias and the residual among the inputs of a linear layer, the first of them at `from`. */
export const linearOperands = <T>(
  inputs: readonly T[],
  { bias, residual }: LinearAttrs,
  from = 2,
) => ({
  bias: bias ? inputs[from] : undefined,
  residual: residual ? inputs[bias ? from + 1 : from] : undefined,
});

type Operands<T> = ReturnType<typeof linearOperands<T>>;

/** The result of x (…, I) by a weight (O, I), when bias and residual fit it. */
export function linearSpec(x: Spec, outputs: number, { bias, residual }: Operands<Spec>): Spec {
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputs))
    throw new ShapeError(`linear: the bias ${show(bias.shape)} must be (${outputs})`);
  const shape = [...x.shape.slice(0, -1), outputs];
  if (residual && (!sameShape(residual.shape, shape) || residual.dtype !== "f32"))
    throw new ShapeError(
      `linear: the residual ${residual.dtype} ${show(residual.shape)} must be f32 ${show(shape)}, as the result`,
    );
  return { shape, dtype: "f32" };
}

const activations = { gelu, geluTanh } as const;

/** activation(product + bias) + residual */
export function endLinear(
  product: Tensor,
  { bias, residual }: Operands<Tensor>,
  activation: Activation | undefined,
): Tensor {
  let y = product;
  if (bias) y = add(y, bias);
  if (activation) y = activations[activation](y);
  return residual ? add(y, residual) : y;
}
