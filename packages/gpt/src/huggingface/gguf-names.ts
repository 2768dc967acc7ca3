import type { Family } from "./family.ts";

/** How llama.cpp calls a family and its parts: https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py */
export interface GGUFNames {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Keys, behind the architecture's name → fields of config.json. */
  readonly keys: Readonly<Record<string, string>>;
  /** As {@link Family}'s. No tensor is transposed. */
  readonly names: Family["names"];
  /** Rows of queries and keys lie in pairs (k, k + D/2), for a rotation of neighbours; not in halves. */
  readonly paired: boolean;
}

export const gpt2GGUF: GGUFNames = {
  architecture: "gpt2",
  keys: {
    context_length: "n_positions",
    embedding_length: "n_embd",
    block_count: "n_layer",
    "attention.head_count": "n_head",
    feed_forward_length: "n_inner",
    "attention.layer_norm_epsilon": "layer_norm_epsilon",
  },
  names: {
    "tokens.weight": "token_embd.weight",
    "positions.weight": "position_embd.weight",
    "blocks.*.norm1.gain": "blk.*.attn_norm.weight",
    "blocks.*.norm1.bias": "blk.*.attn_norm.bias",
    "blocks.*.attention.qkv.weight": "blk.*.attn_qkv.weight",
    "blocks.*.attention.qkv.bias": "blk.*.attn_qkv.bias",
    "blocks.*.attention.out.weight": "blk.*.attn_output.weight",
    "blocks.*.attention.out.bias": "blk.*.attn_output.bias",
    "blocks.*.norm2.gain": "blk.*.ffn_norm.weight",
    "blocks.*.norm2.bias": "blk.*.ffn_norm.bias",
    "blocks.*.mlp.up.weight": "blk.*.ffn_up.weight",
    "blocks.*.mlp.up.bias": "blk.*.ffn_up.bias",
    "blocks.*.mlp.down.weight": "blk.*.ffn_down.weight",
    "blocks.*.mlp.down.bias": "blk.*.ffn_down.bias",
    "norm.gain": "output_norm.weight",
    "norm.bias": "output_norm.bias",
    "head.weight": "output.weight",
  },
  paired: false,
};

const llamaKeys = {
  context_length: "max_position_embeddings",
  embedding_length: "hidden_size",
  block_count: "num_hidden_layers",
  "attention.head_count": "num_attention_heads",
  "attention.head_count_kv": "num_key_value_heads",
  "attention.key_length": "head_dim",
  feed_forward_length: "intermediate_size",
  "attention.layer_norm_rms_epsilon": "rms_norm_eps",
  "rope.freq_base": "rope_theta",
};

const llamaNames: Family["names"] = {
  "tokens.weight": "token_embd.weight",
  "blocks.*.norm1.gain": "blk.*.attn_norm.weight",
  "blocks.*.attention.qkv.weight": [
    "blk.*.attn_q.weight",
    "blk.*.attn_k.weight",
    "blk.*.attn_v.weight",
  ],
  "blocks.*.attention.qkv.bias": ["blk.*.attn_q.bias", "blk.*.attn_k.bias", "blk.*.attn_v.bias"],
  "blocks.*.attention.queryNorm.gain": "blk.*.attn_q_norm.weight",
  "blocks.*.attention.keyNorm.gain": "blk.*.attn_k_norm.weight",
  "blocks.*.attention.out.weight": "blk.*.attn_output.weight",
  "blocks.*.attention.out.bias": "blk.*.attn_output.bias",
  "blocks.*.norm2.gain": "blk.*.ffn_norm.weight",
  "blocks.*.mlp.gate.weight": "blk.*.ffn_gate.weight",
  "blocks.*.mlp.gate.bias": "blk.*.ffn_gate.bias",
  "blocks.*.mlp.up.weight": "blk.*.ffn_up.weight",
  "blocks.*.mlp.up.bias": "blk.*.ffn_up.bias",
  "blocks.*.mlp.down.weight": "blk.*.ffn_down.weight",
  "blocks.*.mlp.down.bias": "blk.*.ffn_down.bias",
  "norm.gain": "output_norm.weight",
  "head.weight": "output.weight",
};

/** Of Llama and the families that follow it. */
export const llamaGGUF = (architecture: string): GGUFNames => ({
  architecture,
  keys: llamaKeys,
  names: llamaNames,
  paired: architecture === "llama",
});
