import { ConfigError } from "./check-config.ts";
import type { GPTConfig } from "./config.ts";
import { activationBytes, countParameters, type ParameterCount } from "./plan-memory.ts";
import { type Preset, presetConfig } from "./presets.ts";
import { cacheBytes } from "./weight-bytes.ts";

/**
 * The device behind "355 years and $4.6 million": a V100 at its half-precision rate without tensor cores (with them it
 * peaks at 112 to 125 TFLOP/s), rented by the hour. Lambda, "OpenAI's GPT-3 Language Model: A Technical Overview",
 * 2020-06-03, https://lambdalabs.com/blog/demystifying-gpt-3
 */
export const publishedDevice = { name: "one V100", flops: 28e12, price: 1.5 } as const;

const SECONDS_A_YEAR = 365 * 24 * 3600;

export interface PlanOptions {
  /** How the model is called. */
  readonly title?: string;
  /** Sequences in one pass. Default 1. */
  readonly batch?: number;
  /** Passes in one step. Default 1. */
  readonly accumulate?: number;
  /** Optimizer steps. Not used when `tokens` is given. */
  readonly steps?: number;
  /** Tokens to train on. Default steps · batch · accumulate · context; without steps, 20 for each parameter. */
  readonly tokens?: number;
  /** The device: its name. */
  readonly device?: string;
  /** The device: FLOP/s. Default {@link publishedDevice}'s. */
  readonly flops?: number;
  /** The device: dollars an hour. Default {@link publishedDevice}'s. */
  readonly price?: number;
  /** This machine, with the FLOP/s that were measured on it. */
  readonly here?: { readonly name: string; readonly flops: number };
  /** Said after the numbers. */
  readonly notes?: readonly string[];
}

/** How long a device computes. */
export interface DeviceTime {
  readonly name: string;
  /** FLOP/s. */
  readonly flops: number;
  readonly seconds: number;
  /** Of 365 days. */
  readonly years: number;
}

/** What a GPT costs to hold, to train and to run. Plain data, fit for JSON. */
export interface Plan {
  readonly title: string;
  readonly config: GPTConfig;
  readonly parameters: ParameterCount;
  readonly bytes: {
    /** All parameters, 4N and 2N. */
    readonly float32: number;
    readonly float16: number;
    /** Keys and values of one sequence of the whole context, float32. */
    readonly cache: number;
    /** One training pass with AdamW, float32: weights, gradients, two moments (16N in all), and {@link activationBytes}. */
    readonly training: {
      readonly weights: number;
      readonly gradients: number;
      readonly moments: number;
      readonly activations: number;
      readonly total: number;
    };
  };
  readonly training: {
    readonly batch: number;
    readonly accumulate: number;
    readonly tokensPerStep: number;
    readonly steps: number;
    readonly tokens: number;
    /** Nats: ln V, the loss of a model that knows nothing. */
    readonly lossBefore: number;
  };
  readonly flop: {
    /** 6 · N · tokens. */
    readonly training: number;
    /** The same in days of 10¹⁵ FLOP/s. */
    readonly petaflopDays: number;
    /** One step, attention included: (6 · (N − what is only looked up) + 12 · L · H·D · T) · tokens of a step; T at most a layer's window. */
    readonly step: number;
    /** One more token after a full context, with a cache: 2 · (N − what is only looked up) + 4 · L · H·D · T. */
    readonly token: number;
  };
  readonly device: DeviceTime & {
    /** Dollars an hour. */
    readonly price: number;
    /** Dollars. */
    readonly cost: number;
  };
  readonly here?: DeviceTime;
  /** What was not given: what stands in for it, and why. */
  readonly assumed: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Works out a model's cost on paper: nothing is allocated. Training takes 6 FLOP a parameter and token (Kaplan et al.
 * 2020, §2.1, https://arxiv.org/abs/2001.08361), on a device at its full rate; a step's attention counts as in PaLM's
 * appendix B (https://arxiv.org/abs/2204.02311) and nanoGPT, the causal half not taken off. Throws {@link ConfigError}
 * for an option that is not above 0.
 */
export function plan(config: GPTConfig, options: PlanOptions = {}): Plan {
  check(options);
  const { context: T, vocabulary } = config;
  const { batch = 1, accumulate = 1, flops = publishedDevice.flops } = options;
  const { price = publishedDevice.price } = options;
  const parameters = countParameters(config);
  const N = parameters.total;
  // What is only looked up is never multiplied with: positions, and tokens where the head is a matrix of its own.
  const multiplied = N - parameters.positions - (config.tied ? 0 : parameters.tokens);
  const seen = attended(config);

  const tokensPerStep = batch * accumulate * T;
  const planned = options.steps === undefined ? 20 * N : options.steps * tokensPerStep;
  const tokens = options.tokens ?? planned;
  const training = 6 * N * tokens;
  const rented = deviceTime(options.device ?? deviceName(options.flops), flops, training);
  const [weights, gradients, moments] = [4 * N, 4 * N, 8 * N];
  const activations = activationBytes(config, batch);

  return {
    title: options.title ?? "GPT",
    config,
    parameters,
    bytes: {
      float32: 4 * N,
      float16: 2 * N,
      cache: cacheBytes(config, T),
      training: {
        weights,
        gradients,
        moments,
        activations,
        total: weights + gradients + moments + activations,
      },
    },
    training: {
      batch,
      accumulate,
      tokensPerStep,
      steps: Math.ceil(tokens / tokensPerStep),
      tokens,
      lossBefore: Math.log(vocabulary),
    },
    flop: {
      training,
      petaflopDays: training / (1e15 * 86400),
      step: (6 * multiplied + 12 * seen) * tokensPerStep,
      token: 2 * multiplied + 4 * seen,
    },
    device: { ...rented, price, cost: (rented.seconds / 3600) * price },
    ...(options.here ? { here: deviceTime(options.here.name, options.here.flops, training) } : {}),
    assumed: assumed(options),
    notes: options.notes ?? [],
  };
}

/** How long a device of `flops` FLOP/s computes `flop` FLOP. */
export function deviceTime(name: string, flops: number, flop: number): DeviceTime {
  const seconds = flop / flops;
  return { name, flops, seconds, years: seconds / SECONDS_A_YEAR };
}

/**
 * {@link plan} for a preset, with what `options` and the settings in `model` say otherwise. A preset whose vocabulary is
 * open gets 65, the characters of tiny Shakespeare.
 */
export function planPreset(
  preset: Preset,
  options: PlanOptions & { readonly model?: Partial<GPTConfig> } = {},
): Plan {
  const { model = {}, ...given } = options;
  const open = (model.vocabulary ?? preset.model.vocabulary) === undefined;
  const config = presetConfig(preset, open ? { ...model, vocabulary: 65 } : model);
  const { batch, accumulate, steps } = preset.training;
  // Steps that are asked for count more than the tokens of the published training.
  const published = given.steps === undefined && preset.tokens ? { tokens: preset.tokens } : {};
  const notes = [...(preset.notes ?? []), ...(given.notes ?? [])];
  const result = plan(config, {
    title: preset.title,
    batch,
    accumulate,
    steps,
    ...published,
    ...given,
    notes,
  });
  if (!open) return result;
  const characters = "vocabulary 65: the characters of tiny Shakespeare";
  return { ...result, assumed: [characters, ...result.assumed] };
}

/** Keys that a query meets in all layers, times the columns of the queries: L · H·D · T without windows. */
function attended({ heads, headWidth, layers, windows, context: T }: GPTConfig): number {
  const keys = Array.from({ length: layers }, (_, i) => Math.min(windows[i] ?? T, T));
  return heads * headWidth * keys.reduce((a, b) => a + b, 0);
}

const deviceName = (flops: number | undefined) =>
  flops === undefined || flops === publishedDevice.flops ? publishedDevice.name : "one device";

function assumed({ flops, price, tokens, steps }: PlanOptions): string[] {
  const list: string[] = [];
  if (tokens === undefined && steps === undefined)
    list.push("20 tokens a parameter (Hoffmann et al. 2022)");
  if (flops === undefined)
    list.push("28 TFLOP/s: a V100 in half precision without tensor cores (Lambda 2020)");
  if (price === undefined) list.push("$1.50 an hour: what it cost then");
  return list;
}

function check(options: PlanOptions): void {
  for (const field of ["batch", "accumulate", "steps"] as const) {
    const value = options[field];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new ConfigError(field, `is ${value}`, "it must be a whole number, 1 at least");
  }
  const rates = { tokens: options.tokens, flops: options.flops, "here.flops": options.here?.flops };
  for (const [field, value] of Object.entries(rates))
    if (value !== undefined && !(value > 0 && value < Infinity))
      throw new ConfigError(field, `is ${value}`, "it must be above 0");
  const { price } = options;
  if (price !== undefined && !(price >= 0 && price < Infinity))
    throw new ConfigError("price", `is ${price}`, "it is dollars an hour, 0 at least");
}
