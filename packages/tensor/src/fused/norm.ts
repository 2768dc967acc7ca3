import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, mean, mul, reshape, rsqrt, sub, sum } from "../functions.ts";
import type { Spec } from "../ops.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { rows } from "./softmax.ts";

export interface Epsilon {
  readonly epsilon: number;
}

function checkNorm(name: string, [x, ...vectors]: readonly Spec[]): { x: Spec; row: Spec } {
  rows(name, x!);
  const width = x!.shape.at(-1)!;
  for (const v of vectors)
    if (v.shape.length !== 1 || v.shape[0] !== width || v.dtype !== "f32")
      throw new ShapeError(
        `${name}: gain and bias must be f32 (${width}) for x ${show(x!.shape)}, got ${v.dtype} ${show(v.shape)}`,
      );
  return { x: x!, row: { shape: x!.shape.slice(0, -1), dtype: "f32" } };
}

const column = (t: Tensor) => reshape(t, [...t.shape, 1]);
/** Sums (…, C) over all rows: (C). */
const overRows = (t: Tensor) => {
  const width = t.shape.at(-1)!;
  return reshape(sum(reshape(t, [size(t.shape.slice(0, -1)), width]), 0), [width]);
};

/** Inputs x, gain and, with a bias, bias. Residuals: the mean and 1/σ of each row. */
export const layerNormRow: FusedOp<Epsilon> = {
  results: 1,
  infer: (inputs) => {
    const { x, row } = checkNorm("layerNorm", inputs);
    return [x, row, row];
  },
  run: (k, [out, mean, rstd], [x, gain, bias], { epsilon }) =>
    k.layerNorm(out!, mean!, rstd!, x!, gain!, bias, epsilon),
  compose: ([x, gain, bias], { epsilon }) => {
    const centred = sub(x!, mean(x!, -1));
    const variance = mean(mul(centred, centred), -1);
    const y = mul(mul(centred, rsqrt(add(variance, epsilon))), gain!);
    return [bias ? add(y, bias) : y];
  },
};

/** Inputs x, gain, mean, rstd, g. */
export const layerNormGradRow: FusedOp<{ readonly bias: boolean }> = {
  results: 3,
  infer: ([x, gain], { bias }) => (bias ? [x!, gain!, gain!] : [x!, gain!]),
  run: (k, [dx, dgain, dbias], [x, gain, mean, rstd, g]) =>
    k.layerNormGrad(dx!, dgain!, dbias, x!, gain!, mean!, rstd!, g!),
  compose: ([x, gain, m, rstd, g], { bias }) => {
    const scale = column(rstd!);
    const xhat = mul(sub(x!, column(m!)), scale);
    const gg = mul(g!, gain!);
    // dx = 1/σ (gg − mean gg − x̂ · mean(gg∘x̂))
    const dx = mul(sub(sub(gg, mean(gg, -1)), mul(xhat, mean(mul(gg, xhat), -1))), scale);
    const dgain = overRows(mul(g!, xhat));
    return bias ? [dx, dgain, overRows(g!)] : [dx, dgain];
  },
};

/** Inputs x, gain. Residual: 1/rms of each row. */
export const rmsNormRow: FusedOp<Epsilon> = {
  results: 1,
  infer: (inputs) => {
    const { x, row } = checkNorm("rmsNorm", inputs);
    return [x, row];
  },
  run: (k, [out, rstd], [x, gain], { epsilon }) => k.rmsNorm(out!, rstd!, x!, gain!, epsilon),
  compose: ([x, gain], { epsilon }) => [
    mul(mul(x!, rsqrt(add(mean(mul(x!, x!), -1), epsilon))), gain!),
  ],
};

/** Inputs x, gain, rstd, g. */
export const rmsNormGradRow: FusedOp<Record<never, never>> = {
  results: 2,
  infer: ([x, gain]) => [x!, gain!],
  run: (k, [dx, dgain], [x, gain, rstd, g]) => k.rmsNormGrad(dx!, dgain!, x!, gain!, rstd!, g!),
  compose: ([x, gain, rstd, g]) => {
    const scale = column(rstd!);
    const xhat = mul(x!, scale);
    const gg = mul(g!, gain!);
    // dx = 1/rms (gg − x̂ · mean(gg∘x̂))
    return [mul(sub(gg, mul(xhat, mean(mul(gg, xhat), -1))), scale), overRows(mul(g!, xhat))];
  },
};

/**
 * x (…, C), gain (C), bias (C) → (…, C): (x − mean) / √(variance + ε) ∘ gain + bias over the last axis, with the biased
 * variance. Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450
 */
export const layerNorm = (x: Tensor, gain: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor =>
  dispatchFused("layerNorm", layerNormRow, bias ? [x, gain, bias] : [x, gain], { epsilon })[0]!;

/** → dx, dgain and, with a bias, dbias, from the residuals of {@link layerNorm} and the gradient g of its result. */
export const layerNormGrad = (
  x: Tensor,
  gain: Tensor,
  mean: Tensor,
  rstd: Tensor,
  g: Tensor,
  bias: boolean,
): readonly Tensor[] =>
  dispatchFused("layerNormGrad", layerNormGradRow, [x, gain, mean, rstd, g], { bias });

/** x (…, C), gain (C) → (…, C): x / √(mean x² + ε) ∘ gain. Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467 */
export const rmsNorm = (x: Tensor, gain: Tensor, epsilon = 1e-6): Tensor =>
  dispatchFused("rmsNorm", rmsNormRow, [x, gain], { epsilon })[0]!;

/** → dx, dgain, from the residual of {@link rmsNorm} and the gradient g of its result. */
export const rmsNormGrad = (x: Tensor, gain: Tensor, rstd: Tensor, g: Tensor): readonly Tensor[] =>
  dispatchFused("rmsNormGrad", rmsNormGradRow, [x, gain, rstd, g], {});
