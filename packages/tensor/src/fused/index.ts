import type { FusedName } from "../backend.ts";
import type { FusedOp } from "../dispatch.ts";
import { adamWRow } from "./adamw.ts";
import { attentionGradRow, attentionRow } from "./attention.ts";
import { crossEntropyGradRow, crossEntropyRow } from "./cross-entropy.ts";
import { gatherPackedRow } from "./gather.ts";
import { geluRow, geluTanhRow } from "./gelu.ts";
import { linearRow } from "./linear.ts";
import { linearCrossEntropyRow } from "./linear-cross-entropy.ts";
import { linearPackedRow } from "./linear-packed.ts";
import { layerNormGradRow, layerNormRow, rmsNormGradRow, rmsNormRow } from "./norm.ts";
import { rotaryRow } from "./rotary.ts";
import { softmaxGradRow, softmaxRow } from "./softmax.ts";
import { squaredNormRow } from "./squared-norm.ts";
import { swigluGradRow, swigluRow } from "./swiglu.ts";

/** Every fused op. A kernel in `FusedKernels` without a row here, and so without a composition, does not compile. */
export const fused = {
  softmax: softmaxRow,
  softmaxGrad: softmaxGradRow,
  gelu: geluRow,
  geluTanh: geluTanhRow,
  swiglu: swigluRow,
  swigluGrad: swigluGradRow,
  layerNorm: layerNormRow,
  layerNormGrad: layerNormGradRow,
  rmsNorm: rmsNormRow,
  rmsNormGrad: rmsNormGradRow,
  crossEntropy: crossEntropyRow,
  crossEntropyGrad: crossEntropyGradRow,
  linear: linearRow,
  linearPacked: linearPackedRow,
  gatherPacked: gatherPackedRow,
  linearCrossEntropy: linearCrossEntropyRow,
  rotary: rotaryRow,
  attention: attentionRow,
  attentionGrad: attentionGradRow,
  squaredNorm: squaredNormRow,
  adamW: adamWRow,
} satisfies { [K in FusedName]: FusedOp<never> };

export type FusedAttrs<K extends FusedName> =
  (typeof fused)[K] extends FusedOp<infer A> ? A : never;
