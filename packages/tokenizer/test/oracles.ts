import { createRequire } from "node:module";
import { get_encoding, type Tiktoken } from "tiktoken";
import { tiktoken } from "../src/index.ts";

const require = createRequire(import.meta.url);

/** The encodings whose ranks npm `tiktoken` carries, each once. */
export const NAMES = ["r50k_base", "p50k_edit", "cl100k_base", "o200k_base"] as const;
export type Name = (typeof NAMES)[number];

/** As npm `tiktoken` packs them. */
export function packedRanks(name: Name): string {
  const file = require(`tiktoken/encoders/${name}.json`) as { readonly bpe_ranks: string };
  return file.bpe_ranks;
}

const ours = new Map<Name, ReturnType<typeof tiktoken>>();
const theirs = new Map<Name, Tiktoken>();

export function tokenizerOf(name: Name): ReturnType<typeof tiktoken> {
  const known = ours.get(name) ?? tiktoken(packedRanks(name), name);
  ours.set(name, known);
  return known;
}

/** OpenAI's own code, compiled to WebAssembly. */
export function oracleOf(name: Name): Tiktoken {
  const known = theirs.get(name) ?? get_encoding(name);
  theirs.set(name, known);
  return known;
}
