import { biases } from "./biases.ts";
import type { Family } from "./family.ts";
import { llamaGGUF } from "./gguf-names.ts";
import { llamaLike } from "./llama.ts";
import { qwenSettings } from "./qwen2.ts";
import { count } from "./settings.ts";

/** Qwen 3: queries and keys are normed head by head, and a head's width is its own. */
export const qwen3: Family = {
  ...llamaLike,
  modelType: "qwen3",
  architecture: "Qwen3ForCausalLM",
  fixed: { ...llamaLike.fixed, qkNorm: true },
  settings: {
    ...qwenSettings,
    headWidth: count("head_dim", 128),
    bias: biases("attention_bias"),
  },
  only: {},
  harmless: [],
  gguf: llamaGGUF("qwen3"),
};
