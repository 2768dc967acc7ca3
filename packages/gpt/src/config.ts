import type { Activation } from "@muladd/tensor";

/** What a GPT is made of. Plain data: it is what a run's config.json holds. */
export interface GPTConfig {
  /** Number of token ids, V. */
  readonly vocabulary: number;
  /** The longest sequence, in tokens. */
  readonly context: number;
  /** Columns of the residual stream, C. */
  readonly width: number;
  /** Attention heads, H; they share the width equally. */
  readonly heads: number;
  readonly layers: number;
  readonly positions: "learned" | "sinusoidal";
  readonly activation: Activation;
  /** Biases in linear layers and layer norms. */
  readonly bias: boolean;
  /** Probability of dropping an element of embeddings, attention weights and residuals, while training. */
  readonly dropout: number;
}

/** The sizes without which there is no model. */
export type GPTSizes = Pick<GPTConfig, "vocabulary" | "context" | "width" | "heads" | "layers">;

/** A setting that cannot be: which one, why, and what to do. */
export class ConfigError extends RangeError {
  override name = "ConfigError";
  constructor(
    /** The offending setting, by its name in the configuration. */
    readonly field: string,
    /** The value and the limit it breaks. */
    readonly why: string,
    readonly remedy: string,
  ) {
    super(`${field} ${why}; ${remedy}`);
  }
}

const CHOICES = {
  positions: ["learned", "sinusoidal"],
  activation: ["gelu", "geluTanh"],
} as const;

/**
 * Completes and checks a configuration: GPT-2's choices where none is given (learned positions, tanh GELU, biases), no
 * dropout. Throws {@link ConfigError} for what cannot be.
 */
export function gptConfig(given: GPTSizes & Partial<GPTConfig>): GPTConfig {
  const config: GPTConfig = {
    vocabulary: given.vocabulary,
    context: given.context,
    width: given.width,
    heads: given.heads,
    layers: given.layers,
    positions: given.positions ?? "learned",
    activation: given.activation ?? "geluTanh",
    bias: given.bias ?? true,
    dropout: given.dropout ?? 0,
  };
  for (const field of ["vocabulary", "context", "width", "heads", "layers"] as const) {
    const value = config[field];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ConfigError(field, `is ${value}`, "it must be a whole number, 1 at least");
  }
  const { width, heads } = config;
  if (width % heads !== 0) {
    const near = Math.max(Math.round(width / heads), 1) * heads;
    throw new ConfigError(
      "width",
      `${width} does not divide among ${heads} heads: each needs a whole number of columns (${width} / ${heads} = ${+(width / heads).toFixed(3)})`,
      `try width ${near}, or heads ${nearestDivisor(width, heads)}`,
    );
  }
  if (config.positions === "sinusoidal" && width % 2 !== 0)
    throw new ConfigError(
      "width",
      `${width} is odd`,
      "sinusoidal positions pair columns: make the width even",
    );
  for (const [field, choices] of Object.entries(CHOICES)) {
    const value = config[field as keyof typeof CHOICES];
    if (!(choices as readonly string[]).includes(value))
      throw new ConfigError(field, `is "${value}"`, `it is one of ${choices.join(", ")}`);
  }
  if (typeof config.bias !== "boolean")
    throw new ConfigError("bias", `is ${config.bias}`, "it is true or false");
  if (!(config.dropout >= 0 && config.dropout < 1))
    throw new ConfigError("dropout", `is ${config.dropout}`, "it lies in 0 … 1, without 1");
  return config;
}

function nearestDivisor(n: number, wanted: number): number {
  for (let d = 0; d < wanted; d++)
    for (const h of [wanted + d, wanted - d]) if (h > 0 && n % h === 0) return h;
  return 1;
}
