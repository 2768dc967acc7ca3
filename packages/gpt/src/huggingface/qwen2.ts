import type { Family } from "./family.ts";
import { llamaGGUF } from "./gguf-names.ts";
import { gates, llamaLike } from "./llama.ts";
import { rope } from "./rope.ts";
import { choice, count, dropouts, flag, layers, positive, type Settings } from "./settings.ts";
import { slidingWindows } from "./windows.ts";

/** What Qwen 2 and 3 say alike. */
export const qwenSettings = {
  vocabulary: count("vocab_size", 151936),
  ...rope(32768),
  width: count("hidden_size", 4096),
  layers: layers("num_hidden_layers", 32),
  heads: count("num_attention_heads", 32),
  kvHeads: count("num_key_value_heads", 32, { empty: ({ heads = 0 }) => heads }),
  hidden: count("intermediate_size", 22016),
  normEpsilon: positive("rms_norm_eps", 1e-6),
  activation: choice("hidden_act", gates, "silu"),
  windows: slidingWindows(),
  tied: flag("tie_word_embeddings", false),
  dropout: dropouts({ attention: "attention_dropout" }, 0),
} as const satisfies Settings;

/** Qwen 1.5, 2 and 2.5: Llama with biases of queries, keys and values. */
export const qwen2: Family = {
  ...llamaLike,
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  fixed: { ...llamaLike.fixed, bias: { qkv: true, out: false, mlp: false, norm: false } },
  settings: {
    ...qwenSettings,
    headWidth: count("head_dim", ({ width = 0, heads = 0 }) => width / heads),
  },
  only: { use_mrope: false },
  harmless: [],
  gguf: llamaGGUF("qwen2"),
};
