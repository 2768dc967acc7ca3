import type { GPT } from "@muladd/gpt";
import {
  type AttentionAttrs,
  attentionWeights,
  type Event,
  keep,
  observe,
  Tensor,
  tidy,
  unobserved,
} from "@muladd/tensor";

/**
 * Who looks at whom in one head while the model reads `ids`: a row for each query, a column for each key, each row
 * summing to 1. Computed from what the layer's attention was given, as heard at the door of all ops, so that the model
 * needs no special path. Throws RangeError when there is no such layer or head.
 */
export async function headWeights(
  model: GPT,
  ids: readonly number[],
  { layer, head }: { readonly layer: number; readonly head: number },
): Promise<number[][]> {
  const { layers, heads } = model.config;
  if (!(layer < layers && head < heads))
    throw new RangeError(
      `layer ${layer}, head ${head}: there are ${layers} layers of ${heads} heads`,
    );
  using weights = tidy(() => {
    let found: Tensor | undefined;
    let seen = 0;
    const listen = ({ op, inputs, attrs }: Event) => {
      if (op !== "attention" || seen++ !== layer) return;
      // Kept: the block that is under way frees what is made in it.
      found = keep(unobserved(() => attentionWeights(inputs as [Tensor], attrs as AttentionAttrs)));
    };
    const input = Tensor.from(model.tokens.weight.backend, ids, [1, ids.length], "i32");
    observe({ observe: listen }, () => model.hidden(input));
    if (!found) throw new Error("attention: this backend computes it from smaller ops");
    return found;
  });
  const data = await weights.data(); // (1, H, T, T)
  const T = ids.length;
  return Array.from({ length: T }, (_, i) =>
    Array.from(data.subarray((head * T + i) * T, (head * T + i + 1) * T)),
  );
}
