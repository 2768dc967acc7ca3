import { type PackedFormat, packedBytes, type Shape, size } from "@muladd/tensor";
import type { GPTConfig } from "./config.ts";
import { parameterShapes } from "./parameter-shapes.ts";

/**
 * Bytes of one parameter where matrices are held as `format`: as `blank` of `@muladd/nn` makes them. Positions are added and not
 * multiplied by, and stay float32, as norms and biases do, and as what packing would not make smaller.
 */
export function parameterBytes(name: string, shape: Shape, format: "f32" | PackedFormat): number {
  const plain = 4 * size(shape);
  if (format === "f32" || shape.length !== 2 || name === "positions.weight") return plain;
  return Math.min(packedBytes(format, shape), plain);
}

/** Bytes of a model's weights, its matrices held as `format`. */
export const weightBytes = (config: GPTConfig, format: "f32" | PackedFormat): number =>
  [...parameterShapes(config)].reduce(
    (sum, [name, shape]) => sum + parameterBytes(name, shape, format),
    0,
  );

/** Bytes of the keys and values of `positions`, float32. */
export const cacheBytes = ({ layers, kvHeads, headWidth }: GPTConfig, positions: number): number =>
  2 * layers * kvHeads * headWidth * positions * 4;
