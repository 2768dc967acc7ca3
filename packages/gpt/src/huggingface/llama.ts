import { biases } from "./biases.ts";
import type { Family } from "./family.ts";
import { llamaGGUF } from "./gguf-names.ts";
import { rope } from "./rope.ts";
import { choice, count, dropouts, flag, layers, positive } from "./settings.ts";

/** Names of tensors in Llama, and in the families that follow it. */
export const llamaNames: Family["names"] = {
  "tokens.weight": "model.embed_tokens.weight",
  "blocks.*.norm1.gain": "model.layers.*.input_layernorm.weight",
  "blocks.*.attention.qkv.weight": [
    "model.layers.*.self_attn.q_proj.weight",
    "model.layers.*.self_attn.k_proj.weight",
    "model.layers.*.self_attn.v_proj.weight",
  ],
  "blocks.*.attention.qkv.bias": [
    "model.layers.*.self_attn.q_proj.bias",
    "model.layers.*.self_attn.k_proj.bias",
    "model.layers.*.self_attn.v_proj.bias",
  ],
  "blocks.*.attention.queryNorm.gain": "model.layers.*.self_attn.q_norm.weight",
  "blocks.*.attention.keyNorm.gain": "model.layers.*.self_attn.k_norm.weight",
  "blocks.*.attention.out.weight": "model.layers.*.self_attn.o_proj.weight",
  "blocks.*.attention.out.bias": "model.layers.*.self_attn.o_proj.bias",
  "blocks.*.norm2.gain": "model.layers.*.post_attention_layernorm.weight",
  "blocks.*.mlp.gate.weight": "model.layers.*.mlp.gate_proj.weight",
  "blocks.*.mlp.gate.bias": "model.layers.*.mlp.gate_proj.bias",
  "blocks.*.mlp.up.weight": "model.layers.*.mlp.up_proj.weight",
  "blocks.*.mlp.up.bias": "model.layers.*.mlp.up_proj.bias",
  "blocks.*.mlp.down.weight": "model.layers.*.mlp.down_proj.weight",
  "blocks.*.mlp.down.bias": "model.layers.*.mlp.down_proj.bias",
  "norm.gain": "model.norm.weight",
  "head.weight": "lm_head.weight",
};

/** What Llama and its followers share: what the model is, and how its tensors are stored. */
export const llamaLike = {
  fixed: { norm: "rms", gated: true, positions: "rotary" },
  prefix: "model.",
  names: llamaNames,
  ignored: /rotary_emb\.inv_freq$/,
} as const satisfies Partial<Family>;

/** Activations of gated MLPs. */
export const gates = { silu: "silu", swish: "silu" } as const;

/** Llama 1 to 3, SmolLM2, TinyLlama, and most that do not name a family of their own. */
export const llama: Family = {
  ...llamaLike,
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  settings: {
    vocabulary: count("vocab_size", 32000),
    ...rope(2048),
    width: count("hidden_size", 4096),
    layers: layers("num_hidden_layers", 32),
    heads: count("num_attention_heads", 32),
    kvHeads: count("num_key_value_heads", ({ heads = 0 }) => heads),
    headWidth: count("head_dim", ({ width = 0, heads = 0 }) => width / heads),
    hidden: count("intermediate_size", 11008),
    normEpsilon: positive("rms_norm_eps", 1e-6),
    activation: choice("hidden_act", gates, "silu"),
    bias: biases("attention_bias", "mlp_bias"),
    tied: flag("tie_word_embeddings", false),
    dropout: dropouts({ attention: "attention_dropout" }, 0),
  },
  only: { pretraining_tp: 1, rope_interleaved: false, partial_rotary_factor: 1 },
  harmless: ["is_llama_config"],
  gguf: llamaGGUF("llama"),
};
