import type { GPTConfig, GPTSizes } from "./config.ts";

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
  norm: ["layer", "rms"],
  normPlace: ["before", "after"],
  activation: ["gelu", "geluTanh", "relu", "silu"],
  positions: ["learned", "sinusoidal", "rotary"],
} as const;

const whole = (field: string, value: unknown): void => {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    // a safe integer is a number
    throw new ConfigError(field, `is ${value}`, "it must be a whole number, 1 at least");
};

const above0 = (field: string, value: unknown): void => {
  if (!(typeof value === "number" && value > 0 && value < Infinity))
    throw new ConfigError(field, `is ${value}`, "it must be a number above 0");
};

const yesOrNo = (field: string, value: unknown): void => {
  if (typeof value !== "boolean")
    throw new ConfigError(field, `is ${value}`, "it is true or false");
};

const share = (field: string, value: unknown): void => {
  if (!(typeof value === "number" && value >= 0 && value < 1))
    throw new ConfigError(field, `is ${value}`, "it lies in 0 … 1, without 1");
};

/** Throws {@link ConfigError} for sizes that there is no model of, or that are of no use to complete the others from. */
export function checkSizes(given: GPTSizes & Partial<GPTConfig>): void {
  for (const field of ["vocabulary", "context", "width", "heads", "layers"] as const)
    whole(field, given[field]);
  const { width, heads, headWidth } = given;
  if (headWidth !== undefined || width % heads === 0) return;
  const near = Math.max(Math.round(width / heads), 1) * heads;
  throw new ConfigError(
    "width",
    `${width} does not divide among ${heads} heads: each needs a whole number of columns (${width} / ${heads} = ${+(width / heads).toFixed(3)})`,
    `try width ${near}, or heads ${nearestDivisor(width, heads)}`,
  );
}

/** Throws {@link ConfigError} for the first setting that cannot be. */
export function checkConfig(config: GPTConfig): void {
  const { width, heads, kvHeads, windows, layers } = config;
  for (const field of ["kvHeads", "headWidth", "hidden"] as const) whole(field, config[field]);
  if (heads % kvHeads !== 0)
    throw new ConfigError(
      "kvHeads",
      `${kvHeads} does not divide ${heads} heads: each key head serves a whole number of them`,
      `try kvHeads ${nearestDivisor(heads, kvHeads)}`,
    );
  for (const [field, choices] of Object.entries(CHOICES)) {
    const value = config[field as keyof typeof CHOICES]; // Object.entries widens the keys
    if (!(choices as readonly string[]).includes(value))
      // includes asks for a member
      throw new ConfigError(field, `is "${value}"`, `it is one of ${choices.join(", ")}`);
  }
  for (const field of ["normEpsilon", "embeddingScale", "positionScale", "attentionScale"] as const)
    above0(field, config[field]);
  for (const field of ["gated", "qkNorm", "tied"] as const) yesOrNo(field, config[field]);
  if (config.gated && config.activation !== "silu")
    throw new ConfigError(
      "activation",
      `is "${config.activation}" in a gated MLP`,
      'make it "silu", or gated false',
    );
  if (config.positions === "sinusoidal" && width % 2 !== 0)
    throw new ConfigError(
      "width",
      `${width} is odd`,
      "sinusoidal positions pair columns: make the width even",
    );
  checkRotary(config);
  checkParts(config);
  if (!Array.isArray(windows) || (windows.length !== 0 && windows.length !== layers))
    throw new ConfigError(
      "windows",
      `are ${JSON.stringify(windows)} for ${layers} layers`,
      "give one for each layer, null where there is none, or [] for no windows",
    );
  windows.forEach((w, i) => {
    if (w !== null) whole(`windows[${i}]`, w);
  });
}

function checkRotary({ positions, rotary, headWidth }: GPTConfig): void {
  if (!rotary) return;
  if (positions !== "rotary")
    throw new ConfigError(
      "rotary",
      `is given, but positions are "${positions}"`,
      'leave it out, or make positions "rotary"',
    );
  if (headWidth % 2 !== 0)
    throw new ConfigError(
      "headWidth",
      `${headWidth} is odd`,
      "rotary positions turn pairs of columns: make the head width even",
    );
  above0("rotary.base", rotary.base);
  const { scaling } = rotary;
  if (scaling === undefined) return;
  const numbers = { linear: [], dynamic: ["original"], llama3: ["low", "high", "original"] };
  if (!Object.hasOwn(numbers, scaling.kind))
    throw new ConfigError(
      "rotary.scaling.kind",
      `is "${scaling.kind}"`,
      `it is one of ${Object.keys(numbers).join(", ")}`,
    );
  const values: Readonly<Record<string, unknown>> = { ...scaling };
  for (const name of ["factor", ...numbers[scaling.kind]])
    above0(`rotary.scaling.${name}`, values[name]);
  if (scaling.factor < 1)
    throw new ConfigError(
      "rotary.scaling.factor",
      `is ${scaling.factor}`,
      "it stretches the context: 1 at least",
    );
  if (scaling.kind === "dynamic" && headWidth === 2)
    throw new ConfigError(
      "rotary.scaling",
      "is dynamic for heads of 2 columns, whose one frequency has no base to scale",
      "make the head width 4 at least",
    );
  if (scaling.kind === "llama3" && scaling.high <= scaling.low)
    throw new ConfigError(
      "rotary.scaling.high",
      `${scaling.high} is not above low ${scaling.low}`,
      "the published models have low 1 and high 4",
    );
}

function checkParts({ bias, norm, dropout }: GPTConfig): void {
  if (typeof bias !== "object") yesOrNo("bias", bias);
  else {
    for (const part of ["qkv", "out", "mlp", "norm"] as const) yesOrNo(`bias.${part}`, bias[part]);
    if (bias.norm && norm === "rms")
      throw new ConfigError(
        "bias.norm",
        "is true, but RMS norms have no bias",
        'make it false, or norm "layer"',
      );
  }
  if (typeof dropout !== "object") share("dropout", dropout);
  else
    for (const place of ["embedding", "attention", "residual"] as const)
      share(`dropout.${place}`, dropout[place]);
}

/** By pairs of divisors: what is asked for may be any number. Of two that are equally near, the larger. */
function nearestDivisor(n: number, wanted: number): number {
  let best = 1;
  for (let i = 1; i * i <= n; i++)
    if (n % i === 0)
      for (const divisor of [i, n / i]) {
        const [distance, least] = [Math.abs(divisor - wanted), Math.abs(best - wanted)];
        if (distance < least || (distance === least && divisor > best)) best = divisor;
      }
  return best;
}
