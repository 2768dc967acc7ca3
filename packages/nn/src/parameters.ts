import { Packed, Parameter, Tensor } from "@muladd/tensor";
import type { Weight } from "./init.ts";

/**
 * Every weight inside `module`, parameters and packed matrices, named by its path of fields:
 * "blocks.0.attention.qkv.weight". A weight that two fields share comes once, under the first.
 */
export function* namedWeights(
  module: object,
  path = "",
  seen: Set<object> = new Set(),
): Iterable<[name: string, weight: Weight]> {
  for (const [key, value] of Object.entries(module)) {
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Parameter || value instanceof Packed) yield [path + key, value];
    else if (!(value instanceof Tensor) && !ArrayBuffer.isView(value))
      yield* namedWeights(value, `${path}${key}.`, seen);
  }
}

/** The weights of {@link namedWeights} that can be trained. */
export function* namedParameters(
  module: object,
  path = "",
): Iterable<[name: string, parameter: Parameter]> {
  for (const [name, weight] of namedWeights(module, path))
    if (weight instanceof Parameter) yield [name, weight];
}

/** `weight` as a parameter. Throws Error when it is packed, and so cannot be trained. */
export function parameterOf(weight: Weight): Parameter {
  if (weight instanceof Parameter) return weight;
  throw new Error(
    `a weight is packed as ${weight.format}, and has no gradient; load the model in f32 to train it`,
  );
}

/** Every parameter inside `module`, in the order of {@link namedParameters}. */
export const parametersOf = (module: object): Parameter[] =>
  Array.from(namedParameters(module), ([, p]) => p);
