import type { FusedKernels, Kernels } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { activationKernels } from "./activations.ts";
import { attention } from "./attention.ts";
import { attentionGrad } from "./attention-grad.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { elementwise } from "./elementwise.ts";
import { gathering } from "./gather.ts";
import { linear } from "./linear.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { matmul } from "./matmul.ts";
import { norms } from "./norm.ts";
import { optimizer } from "./optimizer.ts";
import { packed } from "./packed.ts";
import { random } from "./random.ts";
import { reduction } from "./reduce.ts";
import { rotary } from "./rotary.ts";
import { softmax } from "./softmax.ts";

/** Every kernel, written for a device. */
export const kernels = (context: Context): Kernels & FusedKernels => ({
  ...elementwise(context),
  ...reduction(context),
  ...gathering(context),
  ...random(context),
  matmul: matmul(context),
  linear: linear(context),
  ...packed(context),
  linearCrossEntropy: linearCrossEntropy(context),
  ...attention(context),
  ...attentionGrad(context),
  ...rotary(context),
  ...softmax(context),
  ...norms(context),
  ...crossEntropy(context),
  ...activationKernels(context),
  ...optimizer(context),
});
