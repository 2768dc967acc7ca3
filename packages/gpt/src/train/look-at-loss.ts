import { valueAndGrad } from "@muladd/autograd";
import { crossEntropyLoss, namedParameters } from "@muladd/nn";
import { dispose, type Event, keep, share, Tensor } from "@muladd/tensor";
import type { GPT } from "../model.ts";

const row = (model: GPT, ids: ArrayLike<number>): Tensor =>
  Tensor.from(model.tokens.weight.backend, Int32Array.from(ids), [1, ids.length]);

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
          return crossEntropyLoss(model.forward(row(model, ids)), row(model, next), ids.length - 1);
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
  let embedded = model.positions === undefined; // then nothing is added to the tokens
  return ({ op, inputs }) => {
    if (op === "attention") return `blocks.${mixes++}.attention.mix`;
    if (op === "add" && !embedded) {
      embedded = true;
      return "embedding";
    }
    const module = inputs.map((t) => modules.get(t)).find((m) => m !== undefined);
    const isHead = module === "head" || (module === "tokens" && op !== "gather");
    return isHead ? "logits" : module;
  };
}
