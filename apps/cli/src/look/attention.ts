import type { GPT } from "@muladd/gpt";

/**
 * Who looks at whom in one head while the model reads `ids`: a row for each query, a column for each key, each row
 * summing to 1. Throws RangeError when there is no such layer or head.
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
  const { attentionMaps } = await import("@muladd/gpt");
  const data = (await attentionMaps(model, ids))[layer]!; // (H, T, T)
  const T = ids.length;
  return Array.from({ length: T }, (_, i) =>
    Array.from(data.subarray((head * T + i) * T, (head * T + i + 1) * T)),
  );
}
