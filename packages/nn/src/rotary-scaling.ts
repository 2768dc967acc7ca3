// Rules by which models that were trained on short sequences turn the positions of longer ones, as Hugging Face's configurations
// name them (`rope_scaling`, `rope_parameters`).

/** How the frequencies of rotary positions are changed so that a context of `factor` times the length fits. */
export type RotaryScaling =
  /** All slower by the factor. Chen et al. 2023, https://arxiv.org/abs/2306.15595 */
  | { readonly kind: "linear"; readonly factor: number }
  /** A larger base for sequences longer than `original` positions: NTK-aware scaling by length, as in transformers. */
  | { readonly kind: "dynamic"; readonly factor: number; readonly original: number }
  /**
   * Llama 3.1's: waves shorter than original / high positions are kept, those longer than original / low are slower by the
   * factor, and between them it blends. Grattafiori et al. 2024, https://arxiv.org/abs/2407.21783
   */
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly low: number;
      readonly high: number;
      readonly original: number;
    };

/** base^(−2i/D) for i = 0 … D/2−1: from one radian a position down to 1/base. Throws RangeError when D is odd. */
export function rotaryFrequencies(width: number, base = 10_000): Float64Array {
  if (width % 2 !== 0) throw new RangeError(`rotaryFrequencies: the width ${width} must be even`);
  return Float64Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));
}

/** {@link rotaryFrequencies} scaled, for a sequence of `length` positions; only "dynamic" depends on the length. */
export function scaledFrequencies(
  width: number,
  base: number,
  scaling: RotaryScaling | undefined,
  length = 0,
): Float64Array {
  if (scaling === undefined) return rotaryFrequencies(width, base);
  const { factor } = scaling;
  if (scaling.kind === "linear") return rotaryFrequencies(width, base).map((f) => f / factor);
  if (scaling.kind === "dynamic") {
    const longer = Math.max(length / scaling.original, 1);
    return rotaryFrequencies(width, base * (factor * longer - factor + 1) ** (width / (width - 2)));
  }
  const { low, high, original } = scaling;
  return rotaryFrequencies(width, base).map((f) => {
    const waves = (original * f) / (2 * Math.PI); // in the original context
    const kept = Math.min(Math.max((waves - low) / (high - low), 0), 1);
    return (1 - kept) * (f / factor) + kept * f;
  });
}
