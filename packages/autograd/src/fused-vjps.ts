import {
  attentionGrad,
  crossEntropyGrad,
  type FusedAttrs,
  type FusedName,
  geluGrad,
  geluTanhGrad,
  layerNormGrad,
  matmul,
  mul,
  reshape,
  rmsNormGrad,
  rotary,
  size,
  softmaxGrad,
  sum,
  swigluGrad,
  type Tensor,
} from "@muladd/tensor";
import type { Vjp } from "./vjps.ts";

const flat = (x: Tensor) => reshape(x, [size(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/**
 * The derivative of fused ops that have one of their own. A fused op without a row here is differentiated through its
 * composition, which the tape asks for: so is every …Grad, when a gradient is differentiated again.
 */
export const fusedVjps: { readonly [K in FusedName]?: Vjp<FusedAttrs<K>> } = {
  softmax: { saves: ["outs"], vjp: (g, { outs: [y] }) => [softmaxGrad(y!, g)] },
  gelu: { saves: ["inputs"], vjp: (g, { inputs: [x] }) => [geluGrad(x!, g)] },
  geluTanh: { saves: ["inputs"], vjp: (g, { inputs: [x] }) => [geluTanhGrad(x!, g)] },
  swiglu: {
    saves: ["inputs"],
    vjp: (g, { inputs: [gate, up] }) => swigluGrad(gate!, up!, g),
  },
  layerNorm: {
    saves: ["inputs", "residuals"],
    vjp: (g, { inputs: [x, gain, bias], outs: [, mean, rstd] }) =>
      layerNormGrad(x!, gain!, mean!, rstd!, g, bias !== undefined),
  },
  rmsNorm: {
    saves: ["inputs", "residuals"],
    vjp: (g, { inputs: [x, gain], outs: [, rstd] }) => rmsNormGrad(x!, gain!, rstd!, g),
  },
  crossEntropy: {
    saves: ["inputs", "residuals"],
    vjp: (g, { inputs: [logits, targets], outs: [, logSum] }) => [
      crossEntropyGrad(logits!, targets!, logSum!, g),
      null,
    ],
  },
  // Y = X·Wᵀ + b: dX = dY·W, dW = dYᵀ·X, db = Σ_rows dY
  linear: {
    saves: ["inputs"],
    vjp: (g, { inputs: [x, weight, bias] }) => {
      const gy = flat(g);
      const dx = reshape(matmul(gy, weight!), x!.shape);
      const dweight = matmul(gy, flat(x!), { transposeA: true });
      return bias ? [dx, dweight, reshape(sum(gy, 0), bias.shape)] : [dx, dweight];
    },
  },
  // The residuals are the gradients for g = 1; where that is so they are handed on, which spares a second (V, C).
  linearCrossEntropy: {
    saves: ["residuals"],
    vjp: (g, { outs: [, dhidden, dweight], isUnit }) =>
      isUnit ? [dhidden!, dweight!, null] : [mul(dhidden!, g), mul(dweight!, g), null],
  },
  // A rotation's transpose is the rotation back.
  rotary: {
    saves: [1],
    vjp: (g, { inputs: [, table] }, { inverse, ...dims }) => [
      rotary(g, table!, { ...dims, inverse: !inverse }),
      null,
    ],
  },
  attention: {
    saves: ["inputs", "outs"],
    vjp: (g, { inputs, outs: [out, logSum] }, attrs) =>
      attentionGrad(inputs as [Tensor] | [Tensor, Tensor, Tensor], attrs, out!, logSum!, g),
  },
};
