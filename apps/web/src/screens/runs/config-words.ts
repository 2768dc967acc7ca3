import { biasesOf, formatInteger, type GPTConfig } from "@muladd/gpt";
import { digits } from "../../viz/numbers.ts";

const ACTIVATIONS: Readonly<Record<GPTConfig["activation"], string>> = {
  gelu: "GELU",
  geluTanh: "GELU by tanh",
  relu: "ReLU",
  silu: "SiLU",
};

/** A configuration as a person reads it: what, and how much of it. */
export function configWords(
  config: GPTConfig,
): readonly (readonly [what: string, words: string])[] {
  const { heads, kvHeads, headWidth, layers, context, vocabulary, tied } = config;
  return [
    ["Blocks", formatInteger(layers)],
    ["Width", formatInteger(config.width)],
    [
      "Attention",
      [
        `${heads} heads of width ${headWidth}`,
        ...(kvHeads === heads ? [] : [`${kvHeads} of them with keys and values of their own`]),
        ...(config.qkNorm ? ["queries and keys with a norm"] : []),
        ...windowWords(config),
      ].join(", "),
    ],
    ["Context", `${formatInteger(context)} tokens`],
    ["Positions", positionWords(config)],
    [
      "MLP",
      `${formatInteger(config.hidden)} columns, ${ACTIVATIONS[config.activation]}${config.gated ? ", gated" : ""}`,
    ],
    [
      "Norm",
      `${config.norm === "rms" ? "RMS norm" : "layer norm"} ${config.normPlace} each part, ε ${digits(config.normEpsilon)}`,
    ],
    ["Biases", biasWords(config)],
    [
      "Vocabulary",
      `${formatInteger(vocabulary)} ids; the head is ${tied ? "the token embedding" : "a matrix of its own"}`,
    ],
  ];
}

function positionWords({ positions, rotary }: GPTConfig): string {
  if (positions !== "rotary" || !rotary) return positions;
  const { base, scaling } = rotary;
  const scaled = scaling ? `, ${scaling.kind} scaling by ${digits(scaling.factor)}` : "";
  return `rotary, base ${formatInteger(base)}${scaled}`;
}

function windowWords({ windows }: GPTConfig): string[] {
  const sliding = windows.filter((window) => window !== null);
  if (sliding.length === 0) return [];
  return [`in ${sliding.length} blocks of the last ${formatInteger(Math.max(...sliding))} tokens`];
}

function biasWords(config: GPTConfig): string {
  const { qkv, out, mlp, norm } = biasesOf(config);
  const parts = [
    ...(qkv ? ["queries, keys and values"] : []),
    ...(out ? ["attention's output"] : []),
    ...(mlp ? ["the MLP"] : []),
    ...(norm ? ["norms"] : []),
  ];
  return parts.length === 4 ? "everywhere" : parts.join(", ") || "none";
}
