import type { FusedKernels } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { directAttention } from "./attention-direct.ts";
import { headsOf } from "./attention-heads.ts";

/** Attention, its gradient, by the form that suits the device and the shapes. */
export const attention = (context: Context): Pick<FusedKernels, "attention"> => ({
  attention(out, logSum, q, k, v, dims) {
    const heads = headsOf([q, k, v], dims);
    directAttention(context, out, logSum, [q, k, v], heads);
  },
});
