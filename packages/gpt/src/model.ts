import {
  CausalSelfAttention,
  dropout,
  Embedding,
  type Init,
  LayerNorm,
  LearnedPositions,
  Linear,
  linearCrossEntropyLoss,
  MLP,
  type Past,
  type Positions,
  RMSNorm,
  RotaryPositions,
  type SelfAttentionOptions,
  SinusoidalPositions,
  SwiGLU,
  type Weight,
} from "@muladd/nn";
import { add, linear, mul, type Rng, ShapeError, show, type Tensor, tidy } from "@muladd/tensor";
import { biasesOf, dropoutsOf, type GPTConfig, type GPTSizes, gptConfig } from "./config.ts";

// B batch, T time, C channels (width), V vocabulary.

/** What came before the tokens of a forward pass: one {@link Past} for each block, and how many positions. */
export interface Memory {
  readonly length: number;
  readonly layers: readonly Past[];
}

export interface ForwardOptions {
  /** Where dropout draws from. Without it nothing drops out. */
  readonly rng?: Rng | undefined;
  /** The cached past that the ids continue. */
  readonly memory?: Memory | undefined;
  /** Sees the residual stream (B, T, C) before block 0, 1, …, and after the last. */
  readonly onStream?: ((stream: Tensor, layer: number) => void) | undefined;
}

export interface LossOptions extends ForwardOptions {
  /** Targets that the mean is over. Default all. */
  readonly count?: number | undefined;
}

/**
 * Decoder-only transformer, by its {@link GPTConfig}: GPT-2 (Radford et al. 2019,
 * https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf) unless that says
 * otherwise, and so Llama, Qwen, GPT-Neo or the decoder of Vaswani et al. 2017.
 */
export class GPT {
  readonly config: GPTConfig;
  readonly tokens: Embedding;
  /** What is added to the embeddings; undefined where positions are rotary. */
  readonly positions: Positions | undefined;
  readonly blocks: readonly Block[];
  /** undefined where norms come after the sublayers: the last block ends in one. */
  readonly norm: LayerNorm | RMSNorm | undefined;
  /** undefined where it is tied to the token embedding. */
  readonly head: Linear | undefined;

  /** Throws ConfigError for sizes that cannot be. */
  constructor(config: GPTSizes & Partial<GPTConfig>, init: Init) {
    const c = gptConfig(config);
    this.config = c;
    this.tokens = new Embedding(c.vocabulary, c.width, init);
    this.positions = addedPositions(c, init);
    // One for all blocks.
    const rotary = c.rotary && new RotaryPositions(c.context, c.headWidth, init, c.rotary);
    this.blocks = Array.from({ length: c.layers }, (_, i) => new Block(c, init, i, rotary));
    this.norm = c.normPlace === "before" ? normOf(c, init) : undefined;
    this.head = c.tied ? undefined : new Linear(c.width, c.vocabulary, init, { bias: false });
  }

  /**
   * ids (B, T) i32 → logits (B, T, V). Throws ShapeError for ids of another shape or dtype, and RangeError when the
   * positions exceed the context.
   */
  forward(ids: Tensor, options: ForwardOptions = {}): Tensor {
    return tidy(() => this.logits(this.hidden(ids, options)));
  }

  /**
   * ids and targets (B, T) i32 → (), the mean of −log p(target) in nats. As `crossEntropyLoss` of the logits, which are never
   * all there: what training and evaluation should call. A negative target is ignored; give the `count` of the others then.
   */
  loss(ids: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
    return tidy(() =>
      linearCrossEntropyLoss(this.hidden(ids, options), this.#head, targets, options.count),
    );
  }

  /** ids (B, T) i32 → what the last block and norm make of them, (B, T, C). */
  hidden(ids: Tensor, { rng, memory, onStream }: ForwardOptions = {}): Tensor {
    if (ids.shape.length !== 2 || ids.dtype !== "i32")
      throw new ShapeError(
        `GPT: ids are i32 (batch, time), got ${ids.dtype} ${show(ids.shape)}; for one sequence make them (1, time)`,
      );
    return tidy(() => {
      const T = ids.shape[1]!;
      const start = memory?.length ?? 0;
      const { context } = this.config;
      if (start + T > context)
        throw new RangeError(`${start + T} tokens do not fit a context of ${context}`);
      let x = dropout(this.embed(ids, start), dropoutsOf(this.config).embedding, rng);
      this.blocks.forEach((block, i) => {
        onStream?.(x, i);
        x = block.forward(x, { rng, past: memory?.layers[i], start });
      });
      onStream?.(x, this.blocks.length);
      return this.norm?.forward(x) ?? x;
    });
  }

  /** ids (B, T) i32 of positions start … → what the first block reads, (B, T, C). */
  embed(ids: Tensor, start = 0): Tensor {
    const { embeddingScale } = this.config;
    return tidy(() => {
      const embedded = this.tokens.forward(ids);
      const x = embeddingScale === 1 ? embedded : mul(embedded, embeddingScale);
      return this.positions ? add(x, this.positions.forward(start, ids.shape[1]!)) : x;
    });
  }

  /** Hidden states (…, C) → logits (…, V): products with the head, which is the token embeddings where it is tied. */
  logits(hidden: Tensor): Tensor {
    return linear(hidden, this.#head);
  }

  get #head(): Weight {
    return (this.head ?? this.tokens).weight;
  }
}

/** What a block is given besides its input. */
export type BlockOptions = Pick<SelfAttentionOptions, "rng" | "past" | "start">;

/**
 * x + attention(norm(x)), then x + mlp(norm(x)); with norms after the sublayers, norm(x + attention(x)), then
 * norm(x + mlp(x)).
 */
export class Block {
  readonly norm1: LayerNorm | RMSNorm;
  readonly attention: CausalSelfAttention;
  readonly norm2: LayerNorm | RMSNorm;
  readonly mlp: MLP | SwiGLU;
  readonly dropout: number;
  readonly normPlace: GPTConfig["normPlace"];

  /** Block `index` of a model. */
  constructor(c: GPTConfig, init: Init, index: number, rotary: RotaryPositions | undefined) {
    const { width, hidden, heads, headWidth, activation } = c;
    const outStd = 0.02 / Math.sqrt(2 * c.layers); // GPT-2 §2.3: the residual stream's variance stays put
    const bias = biasesOf(c);
    const dropouts = dropoutsOf(c);
    const attention = {
      width,
      heads,
      headWidth,
      keyHeads: c.kvHeads,
      bias,
      headNorm: c.qkNorm ? c.normEpsilon : undefined,
      rotary,
      scale: c.attentionScale,
      window: c.windows[index] ?? undefined,
      dropout: dropouts.attention,
      outStd,
    };
    const mlp = { width, hidden, bias: bias.mlp, outStd };
    this.norm1 = normOf(c, init);
    this.attention = new CausalSelfAttention(attention, init);
    this.norm2 = normOf(c, init);
    this.mlp = c.gated ? new SwiGLU(mlp, init) : new MLP({ ...mlp, activation }, init);
    this.dropout = dropouts.residual;
    this.normPlace = c.normPlace;
  }

  /** x (B, T, C) → (B, T, C) */
  forward(x: Tensor, options: BlockOptions = {}): Tensor {
    const { norm1, norm2 } = this;
    return tidy(() => {
      if (this.normPlace === "after") {
        const y = norm1.forward(this.#attended(x, x, options));
        return norm2.forward(this.#passed(y, y, options));
      }
      const y = this.#attended(norm1.forward(x), x, options);
      return this.#passed(norm2.forward(y), y, options);
    });
  }

  /** residual + attention(x). */
  #attended(x: Tensor, residual: Tensor, options: BlockOptions): Tensor {
    const { attention } = this;
    if (!this.#drops(options)) return attention.forward(x, { ...options, residual });
    return add(residual, dropout(attention.forward(x, options), this.dropout, options.rng));
  }

  /** residual + mlp(x). */
  #passed(x: Tensor, residual: Tensor, options: BlockOptions): Tensor {
    if (!this.#drops(options)) return this.mlp.forward(x, residual);
    return add(residual, dropout(this.mlp.forward(x), this.dropout, options.rng));
  }

  #drops({ rng }: BlockOptions): boolean {
    return rng !== undefined && this.dropout > 0;
  }
}

function addedPositions(c: GPTConfig, init: Init): Positions | undefined {
  if (c.positions === "learned") return new LearnedPositions(c.context, c.width, init);
  if (c.positions === "rotary") return undefined;
  return new SinusoidalPositions(c.context, c.width, init, c.positionScale);
}

function normOf(c: GPTConfig, init: Init): LayerNorm | RMSNorm {
  const { width, normEpsilon: epsilon } = c;
  if (c.norm === "rms") return new RMSNorm(width, init, epsilon);
  return new LayerNorm(width, init, { bias: biasesOf(c).norm, epsilon });
}
