import type { FusedKernels } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { decodeAttention } from "./attention-decode.ts";
import { directAttention } from "./attention-direct.ts";
import { type Heads, headsOf } from "./attention-heads.ts";
import { tiledAttention } from "./attention-tiled.ts";
import { WIDEST } from "./attention-tiles.ts";

/** Queries of a key head up to which keys are split among workgroups: with more, tiles serve them together. */
const FEW = 16;

/** Attention, in the form that suits the device and the shapes. */
export const attention = (context: Context): Pick<FusedKernels, "attention"> => ({
  attention(out, logSum, q, k, v, dims) {
    const heads = headsOf([q, k, v], dims);
    formOf(context, heads)(context, out, logSum, [q, k, v], heads);
  },
});

function formOf({ serial }: Context, { D, rows }: Heads): typeof directAttention {
  if (serial || D === 0) return directAttention;
  if (rows <= FEW) return decodeAttention;
  return D <= WIDEST ? tiledAttention : directAttention;
}
