import type { GPT } from "@muladd/gpt";
import { drawBatch } from "@muladd/gpt/train";
import { namedParameters } from "@muladd/nn";
import { type Backend, dispose, fused, type HostTensor, Tensor, tidy } from "@muladd/tensor";
import type { Example } from "./gradient-check.ts";
import { lossByModules } from "./loss-by-modules.ts";
import type { Subject } from "./subject.ts";
import { type FullTrace, trace } from "./trace.ts";

/** Which tokens the loss is of. */
export type ExampleChoice =
  | { readonly kind: "text"; readonly text: string }
  /** A piece of the training text: number `index` of those drawn for looking at. */
  | { readonly kind: "training"; readonly index: number };

/** Tokens that a trace shows at most: beyond that its heatmaps say nothing to the eye. */
const MOST_TOKENS = 64;
/** Records the tape of the model's loss of tokens, each from those before it. Gives all device memory back. */
export async function traceLoss(
  model: GPT,
  tokens: Int32Array,
  composed: ReadonlySet<string>,
): Promise<FullTrace> {
  const { backend } = model.tokens.weight;
  const { ids, targets } = onDevice(backend, shifted(tokens));
  let place = "";
  const enter = (to: string) => {
    place = to;
  };
  try {
    return await trace(
      () =>
        lossByModules(model, ids, targets, { enter, logits: composed.has("linearCrossEntropy") }),
      new Map(namedParameters(model)),
      {
        composed,
        constants: new Map([
          [ids, "ids"],
          [targets, "targets"],
        ]),
        place: () => place,
        isFused: (op) => Object.hasOwn(fused, op),
      },
    );
  } finally {
    dispose([ids, targets]);
  }
}

/** The tokens of a choice: one more than the loss is of. Throws RangeError for fewer than two. */
export async function tokensOf({ model, tokenizer, session }: Subject, choice: ExampleChoice) {
  const most = Math.min(model.config.context, MOST_TOKENS) + 1;
  if (choice.kind === "training") {
    if (!session) throw new Error("there is no training text before there is a run; press Train");
    const at = { seed: session.trainer.config.seed, stream: "backprop", index: choice.index };
    const sizes = { batch: 1, context: most - 1 };
    using batch = drawBatch(session.backend, session.recipe.split.train, sizes, at);
    const [ids, targets] = [await batch.ids.data(), await batch.targets.data()];
    return { tokens: Int32Array.of(ids[0]!, ...targets), cut: false };
  }
  const all = tokenizer.encode(choice.text, { disallowedSpecial: [] });
  if (all.length < 2)
    throw new RangeError(
      `the text has ${all.length} tokens; the loss is of the second from the first, so give two at least`,
    );
  return { tokens: Int32Array.from(all.slice(-most)), cut: all.length > most };
}

/** Tokens as inputs and what follows each. */
export const shifted = (tokens: Int32Array) => ({
  ids: tokens.slice(0, -1),
  targets: tokens.slice(1),
});

export const onDevice = (backend: Backend, example: Pick<Example, "ids" | "targets">) => {
  const on = (data: Int32Array) => Tensor.from(backend, data, [1, data.length], "i32");
  return tidy(() => ({ ids: on(example.ids), targets: on(example.targets) }));
};

/** Arrays of the leaves, by name. */
function ofLeaves({ nodes, arrays }: FullTrace, what: "value" | "grad"): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const { id, kind, name } of nodes) {
    const array = kind === "leaf" ? arrays.get(`${what}:${id}`) : undefined;
    if (array) found.set(name, array);
  }
  return found;
}
/** The numbers of each leaf. */
export const weightsOf = (full: FullTrace) => ofLeaves(full, "value");
/** The gradient of each leaf that has one. */
export const gradientsOf = (full: FullTrace): Map<string, HostTensor> => ofLeaves(full, "grad");
