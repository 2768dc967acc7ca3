import {
  attentionGrad,
  crossEntropyGrad,
  type FusedAttrs,
  type FusedName,
  layerNormGrad,
  linearOperands,
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
  gelu: { saves: ["residuals"], vjp: (g, { outs: [, slope] }) => [mul(g, slope!)] },
  geluTanh: { saves: ["residuals"], vjp: (g, { outs: [, slope] }) => [mul(g, slope!)] },
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
  // Y = act(P) + R, P = X·Wᵀ + b: dP = dY ∘ act′(P), dX = dP·W, dW = dPᵀ·X, db = Σ_rows dP, dR = dY
  linear: {
    saves: ["inputs", "residuals"],
    vjp: (g, { inputs, outs: [, slope] }, attrs) => {
      const [x, weight] = inputs;
      const { bias } = linearOperands(inputs, attrs);
      const gp = flat(slope ? mul(g, slope) : g);
      const grads = [
        reshape(matmul(gp, weight!), x!.shape),
        matmul(gp, flat(x!), { transposeA: true }),
      ];
      if (bias) grads.push(reshape(sum(gp, 0), bias.shape));
      if (attrs.residual) grads.push(g);
      return grads;
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
