import {
  type GPTConfig,
  gptConfig,
  type Plan,
  plan,
  planPreset,
  preset,
  publishedDevice,
} from "@muladd/gpt";

/** What the calculator is asked; plain numbers, as they are typed. */
export interface ScaleInputs {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly context: number;
  readonly vocabulary: number;
  /** To train on. */
  readonly tokens: number;
  /** Of the device, in 10¹² FLOP/s. */
  readonly teraflops: number;
  /** Dollars an hour. */
  readonly price: number;
  /** Of the device's rate, in percent. */
  readonly utilisation: number;
}

export type ScalePreset = "this" | "gpt2" | "gpt2-xl" | "gpt3" | "custom";

const DEVICE = {
  teraflops: publishedDevice.flops / 1e12,
  price: publishedDevice.price,
  utilisation: 100,
};

/** A model's sizes with the published device. */
export const inputsOf = (
  { layers, width, heads, context, vocabulary }: GPTConfig,
  tokens: number,
): ScaleInputs => ({ layers, width, heads, context, vocabulary, tokens, ...DEVICE });

/** GPT-2 (124M or 1.5B, trained as nanoGPT's reproduction) or GPT-3 (175B, as its paper says). */
export function publishedInputs(name: "gpt2" | "gpt2-xl" | "gpt3"): ScaleInputs {
  const { config, training } = planPreset(preset(name));
  return inputsOf(config, training.tokens);
}

/** What it costs. `here`: this browser's measured FLOP/s. Throws ConfigError for what cannot be. */
export function costOf(inputs: ScaleInputs, title: string, here?: number): Plan {
  const { teraflops, price, utilisation, tokens, ...sizes } = inputs;
  if (!(utilisation > 0 && utilisation <= 100))
    throw new RangeError(`the utilisation is ${utilisation} percent; it lies above 0, up to 100`);
  return plan(gptConfig(sizes), {
    title,
    tokens,
    flops: (teraflops * 1e12 * utilisation) / 100,
    price,
    device: "the device",
    ...(here === undefined ? {} : { here: { name: "this browser", flops: here } }),
  });
}

/** A mark on a bar with a logarithmic scale. */
export interface Mark {
  readonly name: string;
  readonly value: number;
  /** 0 … 1 along the bar. */
  readonly at: number;
}

/** Places values between whole powers of ten around them. */
export function logBar(values: readonly { readonly name: string; readonly value: number }[]): {
  readonly marks: readonly Mark[];
  readonly powers: readonly { readonly power: number; readonly at: number }[];
} {
  const logs = values.map(({ value }) => Math.log10(value));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const along = (log: number) => (log - low) / (high - low);
  const every = Math.ceil((high - low) / 6);
  const powers = [];
  for (let power = low; power <= high; power += every) powers.push({ power, at: along(power) });
  return {
    marks: values.map((v, i) => ({ ...v, at: along(logs[i]!) })),
    powers,
  };
}
