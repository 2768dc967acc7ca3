import type { Shape } from "@muladd/tensor";
import { biasesOf, type GPTConfig } from "./config.ts";

/** The shape of every parameter of a GPT, by name, without making it: what `namedParameters` of the model yields. */
export function parameterShapes(config: GPTConfig): Map<string, Shape> {
  const { vocabulary, context, width, hidden, heads, kvHeads, headWidth } = config;
  const bias = biasesOf(config);
  const shapes = new Map<string, Shape>();
  const linear = (name: string, inputs: number, outputs: number, biased: boolean) => {
    shapes.set(`${name}.weight`, [outputs, inputs]);
    if (biased) shapes.set(`${name}.bias`, [outputs]);
  };
  const norm = (name: string) => {
    shapes.set(`${name}.gain`, [width]);
    if (bias.norm) shapes.set(`${name}.bias`, [width]);
  };
  shapes.set("tokens.weight", [vocabulary, width]);
  if (config.positions === "learned") shapes.set("positions.weight", [context, width]);
  for (let i = 0; i < config.layers; i++) {
    const block = `blocks.${i}`;
    norm(`${block}.norm1`);
    linear(`${block}.attention.qkv`, width, (heads + 2 * kvHeads) * headWidth, bias.qkv);
    if (config.qkNorm)
      for (const side of ["query", "key"])
        shapes.set(`${block}.attention.${side}Norm.gain`, [headWidth]);
    linear(`${block}.attention.out`, heads * headWidth, width, bias.out);
    norm(`${block}.norm2`);
    if (config.gated) linear(`${block}.mlp.gate`, width, hidden, bias.mlp);
    linear(`${block}.mlp.up`, width, hidden, bias.mlp);
    linear(`${block}.mlp.down`, hidden, width, bias.mlp);
  }
  if (config.normPlace === "before") norm("norm");
  if (!config.tied) shapes.set("head.weight", [vocabulary, width]);
  return shapes;
}
