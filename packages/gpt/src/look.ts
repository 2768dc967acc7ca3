import { valueAndGrad } from "@muladd/autograd";
import { crossEntropyLoss, namedParameters } from "@muladd/nn";
import {
  type AttentionAttrs,
  attentionWeights,
  dispose,
  type Event,
  type HostTensor,
  keep,
  observe,
  share,
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
 * in row-major order; the last are the model's own. Throws as {@link attentionMaps}. nostalgebraist 2020,
 * https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens
 */
export async function logitLens(
  model: GPT,
  ids: ArrayLike<number>,
): Promise<readonly Float32Array[]> {
  const norms = [...model.blocks.map((block) => block.norm1), model.norm];
  const lens: Tensor[] = [];
  try {
    tidy(() => {
      const listen = ({ op, inputs }: Event) => {
        const [stream, gain] = inputs;
        if (op !== "layerNorm" || gain !== norms[lens.length]?.gain) return;
        lens.push(keep(unobserved(() => tidy(() => model.logits(model.norm.forward(stream!))))));
      };
      observe({ observe: listen }, () => model.hidden(input(model, ids)));
    });
    if (lens.length === 0) throw new Error("layerNorm: this backend computes it from smaller ops");
    return await Promise.all(lens.map(async (t) => Float32Array.from(await t.data())));
  } finally {
    dispose(lens);
  }
}

/** A tensor of a model on one text, and the gradient of the loss for it. */
export interface Looked {
  readonly kind: "parameter" | "activation";
  readonly value: Tensor;
  /** Absent where the loss does not depend on it. */
  readonly gradient: Tensor | undefined;
}

/**
 * Runs the loss of `ids`, each token predicted from those before it, and its gradient, and returns that loss in nats and
 * every tensor on the way by name: parameters as in `namedParameters`, activations by the module whose weights made them,
 * "blocks.0.attention.qkv"; "embedding" is the sum that the first block reads, "blocks.0.attention.mix" what the heads
 * gather, "logits" (1, T, V) the end. All are the caller's to dispose but the parameters. Throws RangeError for fewer than
 * two ids or more than the context holds.
 */
export function lookAtLoss(
  model: GPT,
  ids: ArrayLike<number>,
): { readonly loss: Tensor; readonly tensors: ReadonlyMap<string, Looked> } {
  if (ids.length < 2)
    throw new RangeError("a loss needs two tokens or more: each is predicted from those before it");
  const parameters = new Map(namedParameters(model));
  const name = namer(model);
  const values = new Map<string, Tensor>();
  const names = new Map<number, string>();
  const gradients = new Map<string, Tensor>();
  const differentiate = () => {
    try {
      return valueAndGrad(
        () => {
          // No token follows the last one.
          const next = [...Array.from(ids).slice(1), -1];
          return crossEntropyLoss(
            model.forward(input(model, ids)),
            input(model, next),
            ids.length - 1,
          );
        },
        parameters.values(),
        {
          observer: {
            recorded: ({ to }, event) => {
              const found = name(event);
              if (!found) return;
              values.get(found)?.[Symbol.dispose]();
              values.set(found, keep(share(event.outs[0]!)));
              names.set(to, found);
            },
            pulled: ({ to }, g) => {
              const found = names.get(to);
              if (!found || gradients.has(found)) return;
              gradients.set(found, keep(share(g)));
            },
          },
        },
      );
    } catch (error) {
      dispose([values, gradients]); // memory may run out halfway
      throw error;
    }
  };
  const { value: loss, grads } = differentiate();
  const tensors = new Map<string, Looked>();
  for (const [name, value] of parameters)
    tensors.set(name, { kind: "parameter", value, gradient: grads.get(value) });
  for (const [name, value] of values)
    tensors.set(name, { kind: "activation", value, gradient: gradients.get(name) });
  return { loss, tensors };
}

/** Names the results of ops by the parameters that they use. Where a backend has no kernel, the last op of a part counts. */
function namer(model: GPT): (event: Event) => string | undefined {
  const modules = new Map<Tensor, string>();
  for (const [name, p] of namedParameters(model)) modules.set(p, name.replace(/\.\w+$/, ""));
  let mixes = 0;
  let embedded = false;
  return ({ op, inputs }) => {
    if (op === "attention") return `blocks.${mixes++}.attention.mix`;
    if (op === "add" && !embedded) {
      embedded = true;
      return "embedding";
    }
    const module = inputs.map((t) => modules.get(t)).find((m) => m !== undefined);
    return module === "tokens" && op !== "gather" ? "logits" : module;
  };
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
