import type { Family } from "./family.ts";
import { gpt2GGUF } from "./gguf-names.ts";
import { choice, count, dropouts, flag, layers, positive } from "./settings.ts";

/** Activations of MLPs without a gate, under the names of transformers. */
export const activations = {
  gelu_new: "geluTanh",
  gelu_pytorch_tanh: "geluTanh",
  gelu: "gelu",
  relu: "relu",
  silu: "silu",
  swish: "silu",
} as const;

/** Fields for heads of other tasks, which a language model does not have. */
export const SUMMARY = [
  "summary_activation",
  "summary_first_dropout",
  "summary_proj_to_labels",
  "summary_type",
  "summary_use_proj",
];

/** OpenAI's GPT-2, and the many that copy it. Its linear layers are "Conv1D": their weights are stored (in, out). */
export const gpt2: Family = {
  modelType: "gpt2",
  architecture: "GPT2LMHeadModel",
  fixed: { positions: "learned", bias: true },
  settings: {
    vocabulary: count("vocab_size", 50257),
    context: count(["n_positions", "n_ctx"], 1024), // llama.cpp's converter asks for n_ctx
    width: count("n_embd", 768),
    layers: layers("n_layer", 12),
    heads: count("n_head", 12),
    hidden: count("n_inner", ({ width = 0 }) => 4 * width),
    normEpsilon: positive("layer_norm_epsilon", 1e-5),
    activation: choice("activation_function", activations, "geluTanh"),
    tied: flag("tie_word_embeddings", true),
    dropout: dropouts(
      { embedding: "embd_pdrop", attention: "attn_pdrop", residual: "resid_pdrop" },
      0.1,
    ),
  },
  only: { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false },
  harmless: ["reorder_and_upcast_attn", ...SUMMARY], // the first is about rounding
  prefix: "transformer.",
  names: {
    "tokens.weight": "transformer.wte.weight",
    "positions.weight": "transformer.wpe.weight",
    "blocks.*.norm1.gain": "transformer.h.*.ln_1.weight",
    "blocks.*.norm1.bias": "transformer.h.*.ln_1.bias",
    "blocks.*.attention.qkv.weight": "transformer.h.*.attn.c_attn.weight",
    "blocks.*.attention.qkv.bias": "transformer.h.*.attn.c_attn.bias",
    "blocks.*.attention.out.weight": "transformer.h.*.attn.c_proj.weight",
    "blocks.*.attention.out.bias": "transformer.h.*.attn.c_proj.bias",
    "blocks.*.norm2.gain": "transformer.h.*.ln_2.weight",
    "blocks.*.norm2.bias": "transformer.h.*.ln_2.bias",
    "blocks.*.mlp.up.weight": "transformer.h.*.mlp.c_fc.weight",
    "blocks.*.mlp.up.bias": "transformer.h.*.mlp.c_fc.bias",
    "blocks.*.mlp.down.weight": "transformer.h.*.mlp.c_proj.weight",
    "blocks.*.mlp.down.bias": "transformer.h.*.mlp.c_proj.bias",
    "norm.gain": "transformer.ln_f.weight",
    "norm.bias": "transformer.ln_f.bias",
    "head.weight": "lm_head.weight",
  },
  transposed: /\.c_(attn|proj|fc)\.weight$/,
  ignored: /\.attn\.(bias|masked_bias)$/,
  gguf: gpt2GGUF,
};
