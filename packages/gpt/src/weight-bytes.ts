import { type PackedFormat, packedBytes } from "@muladd/tensor";
import type { GPTConfig } from "./config.ts";
import { countParameters } from "./plan-memory.ts";

/** The matrices of a GPT, (rows, columns), that can be held packed. */
function* matrices(config: GPTConfig): Iterable<readonly [rows: number, columns: number]> {
  const { vocabulary, width, heads, kvHeads, headWidth, hidden, layers, gated, tied } = config;
  yield [vocabulary, width];
  if (!tied) yield [vocabulary, width];
  for (let layer = 0; layer < layers; layer++) {
    yield [(heads + 2 * kvHeads) * headWidth, width];
    yield [width, heads * headWidth];
    yield [hidden, width];
    if (gated) yield [hidden, width];
    yield [width, hidden];
  }
}

/** Bytes of a model's weights, its matrices held as `format` as far as that saves, all else in float32. */
export function weightBytes(config: GPTConfig, format: "f32" | PackedFormat): number {
  let bytes = 4 * countParameters(config).total;
  if (format === "f32") return bytes;
  for (const shape of matrices(config)) {
    const [rows, columns] = shape;
    bytes -= Math.max(4 * rows * columns - packedBytes(format, shape), 0);
  }
  return bytes;
}

/** Bytes of the keys and values of `positions`, float32. */
export const cacheBytes = ({ layers, kvHeads, headWidth }: GPTConfig, positions: number): number =>
  2 * layers * kvHeads * headWidth * positions * 4;
