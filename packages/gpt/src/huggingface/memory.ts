import { type Backend, OutOfMemoryError, type Shape, show, size } from "@muladd/tensor";
import type { GPTConfig } from "../config.ts";
import { parameterShapes } from "../parameter-shapes.ts";

/** How a model's matrices live on a backend. */
export type WeightFormat = "f32" | "f16" | "bf16" | "int8" | "int4";

/** Bytes of a number, with its share of the scale of 32. */
const BYTES: Readonly<Record<WeightFormat, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  int8: 1 + 4 / 32,
  int4: 1 / 2 + 4 / 32,
};

const bytesOf = (shape: Shape, weights: WeightFormat, name: string): number => {
  // Positions are added, and stay as they are; so do norms and biases.
  const packed = shape.length === 2 && name !== "positions.weight";
  return size(shape) * (packed ? BYTES[weights] : BYTES.f32);
};

/** Bytes of a model's weights. */
export const weightBytes = (config: GPTConfig, weights: WeightFormat): number =>
  [...parameterShapes(config)].reduce(
    (sum, [name, shape]) => sum + bytesOf(shape, weights, name),
    0,
  );

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
    const bytes = bytesOf(shape, weights, name);
    if (bytes > most) return { name, shape, bytes };
  }
  return undefined;
}
