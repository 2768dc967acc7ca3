import type { GGUFValue } from "@muladd/checkpoint";
import {
  BPETokenizer,
  GPT2,
  huggingFaceJSON,
  LLAMA3,
  type Pretokenizer,
  QWEN2,
  type Tokenizer,
} from "@muladd/tokenizer";

/** llama.cpp's names of patterns. */
const PATTERNS: Readonly<Record<string, Pretokenizer>> = {
  "gpt-2": GPT2,
  "llama-bpe": LLAMA3,
  qwen2: QWEN2,
};

/** llama.cpp's kinds of tokens. */
const NORMAL = 1;
const CONTROL = 3;

/** The values that hold a byte-level BPE. Throws RangeError for another tokenizer. */
export function tokenizerValues(tokenizer: Tokenizer): [key: string, value: GGUFValue][] {
  if (!(tokenizer instanceof BPETokenizer))
    throw new RangeError(
      "a GGUF file holds byte-level BPE; leave the tokenizer out, or train one with trainBPE",
    );
  const { model, pre_tokenizer } = huggingFaceJSON(tokenizer);
  const added = [...tokenizer.specials];
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  const types = new Int32Array(Math.max(tokens.length, ...added.map(([, id]) => id + 1))).fill(
    NORMAL,
  );
  for (const [content, id] of added) {
    tokens[id] = content;
    types[id] = CONTROL;
  }
  const merges = model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
  const pattern = JSON.stringify(pre_tokenizer);
  const pre = Object.entries(PATTERNS).find(([, p]) => pattern.includes(JSON.stringify(p.pattern)));
  return [
    ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
    ["tokenizer.ggml.pre", { type: "string", value: pre?.[0] ?? "gpt-2" }],
    ["tokenizer.ggml.tokens", { type: "string[]", value: Array.from(tokens, (t) => t ?? "") }],
    ["tokenizer.ggml.token_type", { type: "i32[]", value: types }],
    ["tokenizer.ggml.merges", { type: "string[]", value: merges }],
  ];
}
