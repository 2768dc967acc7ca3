import type { WeightFormat } from "@muladd/nn";
import { type Backend, OutOfMemoryError, show } from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { parameterShapes } from "../parameter-shapes.ts";
import { parameterBytes, weightBytes } from "../weight-bytes.ts";

/**
 * Throws {@link OutOfMemoryError} when the backend has no room for a model's weights: the bytes needed, those that there are,
 * and the formats that would fit.
 */
export function checkRoom(backend: Backend, config: GPTConfig, weights: WeightFormat): void {
  const { maxBytes = Infinity, maxBufferBytes } = backend.limits;
  const room = maxBytes - backend.memory.bytes;
  const fits = (format: WeightFormat) =>
    weightBytes(config, format) <= room && !tooLarge(config, format, maxBufferBytes);
  if (fits(weights)) return;
  const needed = weightBytes(config, weights);
  const large = tooLarge(config, weights, maxBufferBytes);
  const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const others = (["f16", "int8", "int4"] as const).filter(fits);
  throw new OutOfMemoryError(
    backend.name,
    large && needed <= room ? large.bytes : needed,
    large && needed <= room
      ? `${large.name} ${show(large.shape)} as ${weights}; one buffer has ${mega(maxBufferBytes)} at most`
      : `the weights as ${weights}; ${mega(room)} are there`,
    others.length > 0
      ? `load them as ${others.join(" or ")}, which fits`
      : "no format fits: take a smaller model, or a backend with more memory",
  );
}

/** A parameter that is no one buffer's. */
function tooLarge(config: GPTConfig, weights: WeightFormat, most: number) {
  for (const [name, shape] of parameterShapes(config)) {
    const bytes = parameterBytes(name, shape, weights);
    if (bytes > most) return { name, shape, bytes };
  }
  return undefined;
}
