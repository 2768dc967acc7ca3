import { lastBoundary } from "./scan/boundary.ts";
import { cl100k } from "./scan/cl100k.ts";
import type { Scanner } from "./scan/classes.ts";
import { gpt2 } from "./scan/gpt2.ts";
import { o200k } from "./scan/o200k.ts";

/** How text is cut into the pieces within which BPE merges. */
export interface Pretokenizer {
  /** A regular expression, or the name of one: gpt2, cl100k, llama3, qwen2, o200k, see patterns.ts. */
  readonly pattern: string;
  /** Each cuts the pieces of the one before. */
  readonly scanners: readonly Scanner[];
  /** The last place in `bytes[start, end)` where a piece ends whatever follows, or `start`; for streams. */
  readonly boundary?: ((bytes: Uint8Array, start: number, end: number) => number) | undefined;
}

const builtIn = (pattern: string, scanner: Scanner): Pretokenizer => ({
  pattern,
  scanners: [scanner],
  boundary: lastBoundary,
});

/** GPT-2, r50k, p50k, GPT-Neo. */
export const GPT2 = builtIn("gpt2", gpt2);

/** cl100k as tiktoken has it. */
export const CL100K = builtIn("cl100k", /* @__PURE__ */ cl100k({ digits: 3, tail: true }));

/** cl100k's pattern as it is in tokenizer.json files, Llama 3's among them. */
export const LLAMA3 = builtIn("llama3", /* @__PURE__ */ cl100k({ digits: 3, tail: false }));

/** Qwen 2 and 3: the same, each digit alone. */
export const QWEN2 = builtIn("qwen2", /* @__PURE__ */ cl100k({ digits: 1, tail: false }));

/** o200k, GPT-4o's. */
export const O200K = builtIn("o200k", o200k);
