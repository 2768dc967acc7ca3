import {
  type AttentionAttrs,
  attentionWeights,
  dispose,
  type Event,
  type HostTensor,
  keep,
  observe,
  Tensor,
  tidy,
  unobserved,
} from "@muladd/tensor";
import type { GPT } from "./model.ts";

// What a model computes on the way, as heard at the door of all ops: the model has no second path for it. T tokens, H
// heads, C width, V vocabulary.

const input = (model: GPT, ids: ArrayLike<number>): Tensor =>
  Tensor.from(model.tokens.weight.backend, Int32Array.from(ids), [1, ids.length]);

/**
 * Who looks at whom in every head while the model reads `ids`: for each layer (H, T, T) in row-major order, a row for each
 * query, a column for each key, each row summing to 1. Throws RangeError for more ids than the context holds, and Error on
 * a backend without an attention of its own.
 */
export async function attentionMaps(
  model: GPT,
  ids: ArrayLike<number>,
): Promise<readonly Float32Array[]> {
  const layers: Tensor[] = [];
  try {
    tidy(() => {
      const listen = ({ op, inputs, attrs }: Event) => {
        if (op !== "attention") return;
        // Kept: the block that is under way frees what is made in it.
        layers.push(
          keep(unobserved(() => attentionWeights(inputs as [Tensor], attrs as AttentionAttrs))),
        );
      };
      observe({ observe: listen }, () => model.hidden(input(model, ids)));
    });
    if (layers.length === 0)
      throw new Error("attention: this backend computes it from smaller ops");
    return await Promise.all(layers.map(async (w) => Float32Array.from(await w.data())));
  } finally {
    dispose(layers);
  }
}

/**
 * The logit lens: the logits that the model would have if it ended before block 0, 1, …, and after the last, (T, V) each
 * in row-major order; the last are the model's own. Throws RangeError for more ids than the context holds. nostalgebraist 2020,
 * https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens
 */
export async function logitLens(
  model: GPT,
  ids: ArrayLike<number>,
): Promise<readonly Float32Array[]> {
  const lens: Tensor[] = [];
  const onStream = (stream: Tensor) =>
    lens.push(
      keep(unobserved(() => tidy(() => model.logits(model.norm?.forward(stream) ?? stream)))),
    );
  try {
    tidy(() => {
      model.hidden(input(model, ids), { onStream });
    });
    return await Promise.all(lens.map(async (t) => Float32Array.from(await t.data())));
  } finally {
    dispose(lens);
  }
}

/** The mean over queries of −Σ p·log₂ p, in bits, of one head's (T, T) weights: 0 when each query looks at one key alone. */
export function attentionEntropy(weights: ArrayLike<number>, T: number): number {
  let bits = 0;
  for (let i = 0; i < T * T; i++) {
    const p = weights[i]!;
    if (p > 0) bits -= p * Math.log2(p);
  }
  return T > 0 ? bits / T : 0;
}

/** Reads a tensor to the host, f32 or i32. */
export async function toHost(t: Tensor): Promise<HostTensor> {
  const data = await t.data();
  return {
    shape: t.shape,
    data: t.dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data),
  };
}
