import { type GPTConfig, type Plan, type PlanOptions, plan, planPreset, preset } from "@muladd/gpt";

/** What the calculator is fed. */
export interface ScaleInputs {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly tokens: number;
  /** FLOP/s of the device at its best. */
  readonly flops: number;
  /** Share of it that training gets. */
  readonly utilisation: number;
  /** Dollars an hour. */
  readonly price: number;
}

/** The published device: 28 TFLOP/s, all of it, at $1.50 an hour. */
export const device = { flops: 28e12, utilisation: 1, price: 1.5 } as const;

/** Inputs of a preset of @muladd/gpt, with its published tokens. */
export function inputsOf(name: string): ScaleInputs {
  const { config, training } = planPreset(preset(name));
  return { ...sizes(config), tokens: training.tokens, ...device };
}

export const sizes = ({ layers, heads, width, context, vocabulary }: GPTConfig) => ({
  layers,
  heads,
  width,
  context,
  vocabulary,
});

/** The whole plan. Throws ConfigError for what cannot be. */
export function scaled(
  inputs: ScaleInputs,
  options: Pick<PlanOptions, "title" | "here"> = {},
): Plan {
  const { layers, heads, width, context, vocabulary, tokens, price } = inputs;
  const model = { layers, heads, width, context, vocabulary } as GPTConfig;
  const { utilisation } = inputs;
  if (!(utilisation > 0 && utilisation <= 1))
    throw new RangeError("utilisation lies above 0 %, and at 100 % at most");
  return plan(
    { ...model, positions: "learned", activation: "geluTanh", bias: true, dropout: 0 },
    { tokens, flops: inputs.flops * utilisation, price, ...options },
  );
}

/** Where a count stands between two others on a logarithmic scale, in 0 … 1. */
export const placeOnLog = (n: number, from: number, to: number): number =>
  Math.min(Math.max(Math.log(n / from) / Math.log(to / from), 0), 1);
