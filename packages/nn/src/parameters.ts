import { Parameter, Tensor } from "@muladd/tensor";

/**
 * Every parameter inside `module`, named by its path of fields: "blocks.0.attention.qkv.weight". A parameter that two
 * fields share comes once, under the first.
 */
export function* namedParameters(
  module: object,
  path = "",
  seen: Set<object> = new Set(),
): Iterable<[name: string, parameter: Parameter]> {
  for (const [key, value] of Object.entries(module)) {
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Parameter) yield [path + key, value];
    else if (!(value instanceof Tensor) && !ArrayBuffer.isView(value))
      yield* namedParameters(value, `${path}${key}.`, seen);
  }
}

/** Every parameter inside `module`, in the order of {@link namedParameters}. */
export const parametersOf = (module: object): Parameter[] =>
  Array.from(namedParameters(module), ([, p]) => p);
