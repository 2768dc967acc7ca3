import { lastBoundary } from "./scan/boundary.ts";
import { cl100k } from "./scan/cl100k.ts";
import type { Scanner } from "./scan/classes.ts";
import { gpt2 } from "./scan/gpt2.ts";
import { o200k } from "./scan/o200k.ts";

/** How text is cut into the pieces within which BPE merges. */
export interface Pretokenizer {
  /** The pattern, as its encoding publishes it. */
  readonly pattern: string;
  /** Each cuts the pieces of the one before. */
  readonly scanners: readonly Scanner[];
  /** The last place in `bytes[start, end)` where a piece ends whatever follows, or `start`; for streams. */
  readonly boundary?: ((bytes: Uint8Array, start: number, end: number) => number) | undefined;
}

/** GPT-2, r50k, p50k, GPT-Neo. */
export const GPT2: Pretokenizer = {
  pattern: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  scanners: [gpt2],
  boundary: lastBoundary,
};

/** cl100k as tiktoken has it. */
export const CL100K: Pretokenizer = {
  pattern: String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  scanners: [cl100k({ digits: 3, tail: true })],
  boundary: lastBoundary,
};

const like = (digits: string) =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** cl100k's pattern as it is in tokenizer.json files, Llama 3's among them. */
export const LLAMA3: Pretokenizer = {
  pattern: like(String.raw`\p{N}{1,3}`),
  scanners: [cl100k({ digits: 3, tail: false })],
  boundary: lastBoundary,
};

/** Qwen 2 and 3: the same, each digit alone. */
export const QWEN2: Pretokenizer = {
  pattern: like(String.raw`\p{N}`),
  scanners: [cl100k({ digits: 1, tail: false })],
  boundary: lastBoundary,
};

const [heads, bodies] = [
  String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`,
  String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`,
];
const [lead, contraction] = [String.raw`[^\r\n\p{L}\p{N}]?`, "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"];

/** o200k, GPT-4o's. */
export const O200K: Pretokenizer = {
  pattern: [
    `${lead}${heads}*${bodies}+${contraction}`,
    `${lead}${heads}+${bodies}*${contraction}`,
    String.raw`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  ].join("|"),
  scanners: [o200k],
  boundary: lastBoundary,
};
