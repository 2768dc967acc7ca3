import { ConfigError } from "./check-config.ts";
import { type GPTConfig, type GPTSizes, gptConfig } from "./config.ts";
import { nearest } from "./nearest.ts";
import type { TrainingConfig } from "./train/config.ts";

/** A model and the way to train it, by name. Plain data. */
export interface Preset {
  readonly title: string;
  /** What it is for, in one line. */
  readonly about: string;
  /** Without a vocabulary where the tokenizer decides it. */
  readonly model: Omit<GPTSizes, "vocabulary"> & Partial<GPTConfig>;
  /** What `trainingConfig` completes. A step takes batch · accumulate · context tokens. */
  readonly training: Pick<
    TrainingConfig,
    "steps" | "batch" | "accumulate" | "clip" | "optimizer" | "schedule"
  >;
  /** Tokens of the published training, where that is not steps · batch · accumulate · context. */
  readonly tokens?: number;
  /** What must be said wherever its numbers are shown. */
  readonly notes?: readonly string[];
}

type Row = readonly [layers: number, heads: number, width: number];

const adamw = (beta2: number) =>
  ({ kind: "adamw", betas: [0.9, beta2], epsilon: 1e-8, weightDecay: 0.1 }) as const;

/** A cosine from `rate` to a tenth of it. */
const cosine = (rate: number, warmup: number) =>
  ({ kind: "cosine", rate, floor: +(rate / 10).toPrecision(3), warmup }) as const;

interface LadderOptions {
  readonly context: number;
  readonly batch: number;
  readonly steps: number;
  readonly rate: number;
  readonly warmup?: number;
  readonly dropout?: number;
  readonly about: string;
}

/** A rung of the ladder for one's own text: GPT-2's architecture, small. */
function rung(title: string, [layers, heads, width]: Row, o: LadderOptions): Preset {
  const { context, batch, steps, rate, warmup = 100, dropout = 0, about } = o;
  return {
    title,
    about,
    model: {
      context,
      width,
      heads,
      layers,
      positions: "learned",
      activation: "geluTanh",
      bias: true,
      dropout,
    },
    training: {
      steps,
      batch,
      accumulate: 1,
      clip: 1,
      // Small batches make noisy second moments: a longer memory than GPT-3's, as in nanoGPT's character configurations.
      optimizer: adamw(0.99),
      schedule: cosine(rate, warmup),
    },
  };
}

// Rates of the first three: from trials on tiny Shakespeare in PyTorch, held-out loss after the preset's steps.
// tiny 1e-3 2.43, 3e-3 2.26, 1e-2 2.12, 2e-2 2.12; small 1e-3 2.02, 3e-3 1.87, 6e-3 1.82, 1e-2 1.80 (the second-best
// is kept, further from where training breaks); medium 1e-3 1.90, 3e-3 1.77. The others are scaled from these.
const ladder: Readonly<Record<string, Preset>> = {
  tiny: rung("tiny", [2, 2, 32], {
    context: 32,
    batch: 16,
    steps: 1000,
    rate: 1e-2,
    warmup: 50,
    about: "for plain TypeScript, and for looking at every number",
  }),
  small: rung("small", [4, 4, 64], {
    context: 64,
    batch: 16,
    steps: 2000,
    rate: 6e-3,
    about: "the default: words and lines in minutes on one core",
  }),
  medium: rung("medium", [4, 4, 128], {
    context: 64,
    batch: 12,
    steps: 2000,
    rate: 3e-3,
    about: "the size of nanoGPT's demo on a CPU",
  }),
  large: rung("large", [6, 6, 192], {
    context: 128,
    batch: 16,
    steps: 3000,
    rate: 2e-3,
    about: "for several cores or a GPU",
  }),
  gpu: rung("gpu", [6, 6, 384], {
    context: 256,
    batch: 64,
    steps: 5000,
    rate: 1e-3,
    dropout: 0.2,
    about: "the size of nanoGPT's demo on a GPU",
  }),
};

/** nanoGPT's `train_shakespeare_char.py` as its README runs it on a CPU. https://github.com/karpathy/nanoGPT */
const nanogptCpu: Preset = {
  title: "nanoGPT CPU",
  about:
    "nanoGPT's published recipe for a CPU, to compare with: held-out loss 1.88 on tiny Shakespeare",
  model: { ...ladder.medium!.model, activation: "gelu", bias: false },
  training: { ...ladder.medium!.training, schedule: cosine(1e-3, 100) },
};

/**
 * The released sizes (Radford et al. 2019, table 2), to be trained as nanoGPT's `train_gpt2.py` does: 491,520 tokens a
 * step, 600,000 steps. The rates of the larger three are those of GPT-3 at the same size.
 */
function gpt2(size: string, [layers, heads, width]: Row, rate: number): Preset {
  return {
    title: `GPT-2 ${size}`,
    about: `GPT-2 with ${size} parameters, as OpenAI released it`,
    model: {
      vocabulary: 50257,
      context: 1024,
      width,
      heads,
      layers,
      positions: "learned",
      activation: "geluTanh",
      bias: true,
      dropout: 0,
    },
    training: {
      steps: 600_000,
      batch: 1, // so that the activations fit; the sum of the passes is what counts
      accumulate: 480,
      clip: 1,
      optimizer: adamw(0.95),
      schedule: cosine(rate, 2000),
    },
  };
}

/** Llama's architecture at the size of `small`. Touvron et al. 2023, https://arxiv.org/abs/2302.13971 */
const llamaTiny: Preset = {
  title: "tiny Llama",
  about: "Llama's parts, small: rotary positions, RMS norms, SwiGLU, shared key heads",
  model: {
    context: 64,
    width: 64,
    heads: 4,
    kvHeads: 2,
    layers: 4,
    norm: "rms",
    positions: "rotary",
    gated: true,
    bias: false,
    tied: false,
  },
  // Held-out loss on tiny Shakespeare after 1,000 steps, by rate: 3e-3 1.833, 6e-3 1.828 (that of small), 1e-2 1.840.
  training: ladder.small!.training,
};

/** The decoder of "Attention Is All You Need" at the size of `small`. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 */
const transformer: Preset = {
  title: "transformer of 2017",
  about: "the original's choices, small: sinusoidal positions, norms after the sublayers, ReLU",
  model: {
    context: 64,
    width: 64,
    heads: 4,
    layers: 4,
    normPlace: "after",
    activation: "relu",
    positions: "sinusoidal",
    positionScale: 1,
    embeddingScale: 8, // √width
    dropout: 0.1,
  },
  // Held-out loss on tiny Shakespeare after 1,000 steps, by rate: 1e-3 2.31, 2e-3 2.20, 3e-3 2.16, 6e-3 does not learn.
  training: { ...ladder.small!.training, schedule: cosine(2e-3, 200) },
};

const GPT3_TOKENS = 300e9;

/**
 * A column of GPT-3's Table 2.1, trained as its appendix B says: AdamW with betas 0.9 and 0.95, decay 0.1, clip 1, 375
 * million tokens of warm-up, a cosine to a tenth. `batch` is in sequences of 2,048 tokens: 256 for the paper's "0.5M".
 * The paper's growing batch and its end at a constant rate are left out. Brown et al. 2020, https://arxiv.org/abs/2005.14165
 */
function gpt3(
  size: string,
  [layers, heads, width]: Row,
  { batch, rate }: { batch: number; rate: number },
  ...notes: readonly string[]
): Preset {
  const context = 2048;
  const tokensPerStep = batch * context;
  return {
    title: `GPT-3 ${size}`,
    about: `GPT-3 ${size}, of Table 2.1 in its paper`,
    model: {
      vocabulary: 50257,
      context,
      width,
      heads,
      layers,
      positions: "learned",
      activation: "geluTanh",
      bias: true,
      dropout: 0,
    },
    training: {
      steps: Math.ceil(GPT3_TOKENS / tokensPerStep),
      batch: 1,
      accumulate: batch,
      clip: 1,
      optimizer: adamw(0.95),
      schedule: cosine(rate, Math.round(375e6 / tokensPerStep)),
    },
    tokens: GPT3_TOKENS,
    notes: [
      ...notes,
      "GPT-3 alternates dense and banded sparse attention; here every layer is dense.",
    ],
  };
}

/** Every preset by its name, smallest first in each family. */
export const presets: Readonly<Record<string, Preset>> = {
  ...ladder,
  "nanogpt-cpu": nanogptCpu,
  "llama-tiny": llamaTiny,
  transformer,
  gpt2: gpt2("124M", [12, 12, 768], 6e-4),
  "gpt2-medium": gpt2("355M", [24, 16, 1024], 3e-4),
  "gpt2-large": gpt2("774M", [36, 20, 1280], 2.5e-4),
  "gpt2-xl": gpt2("1.5B", [48, 25, 1600], 2e-4),
  "gpt3-small": gpt3("Small", [12, 12, 768], { batch: 256, rate: 6e-4 }),
  "gpt3-medium": gpt3("Medium", [24, 16, 1024], { batch: 256, rate: 3e-4 }),
  "gpt3-large": gpt3("Large", [24, 16, 1536], { batch: 256, rate: 2.5e-4 }),
  "gpt3-xl": gpt3(
    "XL",
    [24, 16, 2048],
    { batch: 512, rate: 2e-4 },
    "Table 2.1 has 24 heads of 128 columns, which are not its width of 2,048: 16 heads here.",
  ),
  "gpt3-2.7b": gpt3("2.7B", [32, 32, 2560], { batch: 512, rate: 1.6e-4 }),
  "gpt3-6.7b": gpt3("6.7B", [32, 32, 4096], { batch: 1024, rate: 1.2e-4 }),
  "gpt3-13b": gpt3(
    "13B",
    [40, 40, 5120],
    { batch: 1024, rate: 1e-4 },
    "Table 2.1 has a width of 5,140, which 40 heads of 128 columns do not make: 5,120 here " +
      "(12,853,386,240 parameters instead of 12,952,938,780).",
  ),
  "gpt3-175b": gpt3(
    "175B",
    [96, 96, 12288],
    { batch: 1600, rate: 6e-5 },
    "Published (Lambda, 2020-06-03): 355 years on one V100 and $4.6 million. That is 3.14e23 FLOP at 28 TFLOP/s, " +
      "355.6 years, cut to 355; and 355 years at $1.50 an hour, $4.66 million, cut to $4.6.",
  ),
};

/** Other names that people type. */
const aliases: Readonly<Record<string, string>> = {
  gpt3: "gpt3-175b",
  "gpt2-small": "gpt2",
};

/** The preset of that name. Throws {@link ConfigError} with the nearest name, and all of them, when there is none. */
export function preset(name: string): Preset {
  const key = Object.hasOwn(aliases, name) ? aliases[name]! : name;
  if (Object.hasOwn(presets, key)) return presets[key]!;
  const names = Object.keys(presets);
  const meant = nearest(name, [...names, ...Object.keys(aliases)]);
  throw new ConfigError(
    "preset",
    `is "${name}", which there is not`,
    `${meant ? `did you mean ${meant}? ` : ""}there are ${names.join(", ")}`,
  );
}

/**
 * The model that a preset describes, with what `given` says otherwise. Throws {@link ConfigError} for what cannot be,
 * and when neither names a vocabulary.
 */
export function presetConfig(preset: Preset, given: Partial<GPTConfig> = {}): GPTConfig {
  const vocabulary = given.vocabulary ?? preset.model.vocabulary;
  if (vocabulary === undefined)
    throw new ConfigError(
      "vocabulary",
      `of the preset ${preset.title} is open`,
      "give the number of ids that the tokenizer has",
    );
  return gptConfig({ ...preset.model, ...given, vocabulary });
}
