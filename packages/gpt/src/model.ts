import {
  CausalSelfAttention,
  dropout,
  Embedding,
  type Init,
  LayerNorm,
  LearnedPositions,
  linearCrossEntropyLoss,
  MLP,
  type Past,
  type Positions,
  SinusoidalPositions,
} from "@muladd/nn";
import { add, linear, type Rng, ShapeError, show, type Tensor, tidy } from "@muladd/tensor";
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
}

export interface LossOptions extends ForwardOptions {
  /** Targets that the mean is over. Default all. */
  readonly count?: number | undefined;
}

/**
 * Decoder-only transformer, norms before the sublayers, embeddings tied to the head: GPT-2. Radford et al. 2019,
 * https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf
 */
export class GPT {
  readonly config: GPTConfig;
  readonly tokens: Embedding;
  readonly positions: Positions;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;

  /** Throws ConfigError for sizes that cannot be. */
  constructor(config: GPTSizes & Partial<GPTConfig>, init: Init) {
    const c = gptConfig(config);
    this.config = c;
    this.tokens = new Embedding(c.vocabulary, c.width, init);
    this.positions =
      c.positions === "learned"
        ? new LearnedPositions(c.context, c.width, init)
        : new SinusoidalPositions(c.context, c.width, init, c.positionScale);
    this.blocks = Array.from({ length: c.layers }, () => new Block(c, init));
    this.norm = new LayerNorm(c.width, init, { bias: biasesOf(c).norm });
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
      linearCrossEntropyLoss(this.hidden(ids, options), this.tokens.weight, targets, options.count),
    );
  }

  /** ids (B, T) i32 → what the last block and norm make of them, (B, T, C). */
  hidden(ids: Tensor, { rng, memory }: ForwardOptions = {}): Tensor {
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
      let x = add(this.tokens.forward(ids), this.positions.forward(start, T)); // (B, T, C)
      x = dropout(x, dropoutsOf(this.config).embedding, rng);
      this.blocks.forEach((block, i) => {
        x = block.forward(x, rng, memory?.layers[i]);
      });
      return this.norm.forward(x);
    });
  }

  /** Hidden states (…, C) → logits (…, V): products with the token embeddings. */
  logits(hidden: Tensor): Tensor {
    return linear(hidden, this.tokens.weight);
  }
}

/** x + attention(norm(x)), then x + mlp(norm(x)). */
export class Block {
  readonly norm1: LayerNorm;
  readonly attention: CausalSelfAttention;
  readonly norm2: LayerNorm;
  readonly mlp: MLP;
  readonly dropout: number;

  constructor(config: GPTConfig, init: Init) {
    const { width, heads, layers, activation } = config;
    const bias = biasesOf(config).mlp;
    const { attention: dropout, residual } = dropoutsOf(config);
    const outStd = 0.02 / Math.sqrt(2 * layers); // GPT-2 §2.3: the residual stream's variance stays put
    this.norm1 = new LayerNorm(width, init, { bias });
    this.attention = new CausalSelfAttention({ width, heads, bias, dropout, outStd }, init);
    this.norm2 = new LayerNorm(width, init, { bias });
    this.mlp = new MLP({ width, bias, activation, outStd }, init);
    this.dropout = residual;
  }

  /** x (B, T, C) → (B, T, C) */
  forward(x: Tensor, rng?: Rng, past?: Past): Tensor {
    return tidy(() => {
      const { attention, norm1, norm2, mlp } = this;
      if (rng && this.dropout > 0) {
        const attended = attention.forward(norm1.forward(x), { rng, past });
        const y = add(x, dropout(attended, this.dropout, rng));
        return add(y, dropout(mlp.forward(norm2.forward(y)), this.dropout, rng));
      }
      const y = attention.forward(norm1.forward(x), { past, residual: x });
      return mlp.forward(norm2.forward(y), y);
    });
  }
}
