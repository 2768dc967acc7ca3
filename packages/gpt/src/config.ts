import type { MLPActivation, RotaryScaling } from "@muladd/nn";
import { checkConfig, checkSizes } from "./check-config.ts";

/** What a GPT is made of. Plain data: it is what a run's config.json holds. */
export interface GPTConfig {
  /** Number of token ids, V. */
  readonly vocabulary: number;
  /** The longest sequence, in tokens. */
  readonly context: number;
  /** Columns of the residual stream, C. */
  readonly width: number;
  /** Query heads, H. */
  readonly heads: number;
  readonly layers: number;
  /** Heads of keys and values, K: a divisor of the heads. Default as many. */
  readonly kvHeads: number;
  /** Columns of a head, D. Default width / heads. */
  readonly headWidth: number;
  /** Columns inside the MLP. Default 4 · width; gated 8/3 · width, up to a multiple of 16. */
  readonly hidden: number;
  /** Layer norm or RMS norm. Default "layer". */
  readonly norm: "layer" | "rms";
  /** Added to the variance or the mean square. Default 1e-5. */
  readonly normEpsilon: number;
  /** Before a sublayer as in GPT-2, or after its residual addition as in Vaswani et al. 2017: no final norm then. Default "before". */
  readonly normPlace: "before" | "after";
  /** Default "geluTanh"; of a gated MLP "silu". */
  readonly activation: MLPActivation;
  /** The MLP is down(silu(gate x) ∘ up x), Llama's SwiGLU. Default false. */
  readonly gated: boolean;
  /** Default "learned". */
  readonly positions: "learned" | "sinusoidal" | "rotary";
  /** Of rotary positions. Default base 10,000, not scaled. */
  readonly rotary?: { readonly base: number; readonly scaling?: RotaryScaling };
  /** Token embeddings come in times this. Default 1; the original transformer: √width. */
  readonly embeddingScale: number;
  /**
   * Amplitude of sinusoidal positions. Default 0.02 · √2, which makes their root mean square that at which embeddings begin:
   * at 1, as in the original transformer, they would drown embeddings that are not scaled up.
   */
  readonly positionScale: number;
  /** Biases of linear layers and layer norms, all alike or part by part; RMS norms have none. Default true. */
  readonly bias: boolean | Biases;
  /** RMS norm of each query and key head, before the rotation. Default false. */
  readonly qkNorm: boolean;
  /** Factor on q·k. Default 1/√headWidth. */
  readonly attentionScale: number;
  /** One for each layer, or [], the default, for none. At w, query i sees keys j with i − w < j ≤ i; at null all up to i. */
  readonly windows: readonly (number | null)[];
  /** The head is the token embedding. Default true; false: a matrix of its own. */
  readonly tied: boolean;
  /** Probability of dropping an element while training, everywhere alike or place by place. Default 0. */
  readonly dropout: number | Dropouts;
}

/** Which parts have biases. */
export interface Biases {
  readonly qkv: boolean;
  /** The output projection of attention. */
  readonly out: boolean;
  readonly mlp: boolean;
  /** Layer norms. */
  readonly norm: boolean;
}

/** Probabilities of dropping an element. */
export interface Dropouts {
  readonly embedding: number;
  /** Of attention's weights. */
  readonly attention: number;
  /** Of what a sublayer adds. */
  readonly residual: number;
}

/** The sizes without which there is no model. */
export type GPTSizes = Pick<GPTConfig, "vocabulary" | "context" | "width" | "heads" | "layers">;

/** What follows from other settings where it is not given. */
const derived = {
  kvHeads: (c: Pick<GPTConfig, "heads">) => c.heads,
  headWidth: (c: Pick<GPTConfig, "heads" | "width">) => c.width / c.heads,
  hidden: ({ gated, width }: Pick<GPTConfig, "gated" | "width">) =>
    gated ? 16 * Math.ceil(width / 6) : 4 * width, // 8/3 = 16/6
  activation: (c: Pick<GPTConfig, "gated">) => (c.gated ? "silu" : "geluTanh"),
  attentionScale: (c: Pick<GPTConfig, "headWidth">) => 1 / Math.sqrt(c.headWidth),
} as const;

/**
 * Completes and checks a configuration: GPT-2's choices where none is given (learned positions, tanh GELU, biases), no
 * dropout. Throws {@link ConfigError} for what cannot be.
 */
export function gptConfig(given: GPTSizes & Partial<GPTConfig>): GPTConfig {
  checkSizes(given);
  const { vocabulary, context, width, heads, layers, gated = false } = given;
  const { positions = "learned", headWidth = derived.headWidth(given) } = given;
  const rotary = given.rotary ?? (positions === "rotary" ? { base: 10_000 } : undefined);
  const config: GPTConfig = {
    vocabulary,
    context,
    width,
    heads,
    layers,
    kvHeads: given.kvHeads ?? derived.kvHeads(given),
    headWidth,
    hidden: given.hidden ?? derived.hidden({ gated, width }),
    norm: given.norm ?? "layer",
    normEpsilon: given.normEpsilon ?? 1e-5,
    normPlace: given.normPlace ?? "before",
    activation: given.activation ?? derived.activation({ gated }),
    gated,
    positions,
    ...(rotary && { rotary }),
    embeddingScale: given.embeddingScale ?? 1,
    positionScale: given.positionScale ?? 0.02 * Math.SQRT2,
    bias: given.bias ?? true,
    qkNorm: given.qkNorm ?? false,
    attentionScale: given.attentionScale ?? derived.attentionScale({ headWidth }),
    windows: given.windows ?? [],
    tied: given.tied ?? true,
    dropout: given.dropout ?? 0,
  };
  checkConfig(config);
  return config;
}

/**
 * `config` with other settings; what followed from those it had (key heads, the head's width, the MLP's, …) follows from the
 * new ones. Throws {@link ConfigError} for what cannot be.
 */
export function reconfigure(config: GPTConfig, given: Partial<GPTConfig>): GPTConfig {
  const { vocabulary, context, width, heads, layers } = config;
  const chosen: Partial<GPTConfig> = Object.fromEntries(
    Object.entries(config).filter(
      ([field, value]) =>
        !Object.hasOwn(derived, field) || derived[field as keyof typeof derived](config) !== value, // hasOwn says that it is one
    ),
  );
  return gptConfig({ vocabulary, context, width, heads, layers, ...chosen, ...given });
}

/** Which parts of a model have biases. */
export function biasesOf({ bias, norm }: Pick<GPTConfig, "bias" | "norm">): Biases {
  if (typeof bias !== "boolean") return bias;
  return { qkv: bias, out: bias, mlp: bias, norm: bias && norm === "layer" };
}

/** What drops out where. */
export const dropoutsOf = ({ dropout }: Pick<GPTConfig, "dropout">): Dropouts =>
  typeof dropout === "number"
    ? { embedding: dropout, attention: dropout, residual: dropout }
    : dropout;
