import { ConfigError } from "../check-config.ts";
import type { GPTConfig } from "../config.ts";
import type { Family } from "./family.ts";
import { activations, SUMMARY } from "./gpt2.ts";
import {
  choice,
  count,
  dropouts,
  flag,
  type JSONObject,
  type Known,
  layers,
  positive,
  type Setting,
  show,
} from "./settings.ts";
import { windowsOf } from "./windows.ts";

/** EleutherAI's GPT-Neo, and the TinyStories models: layers in turn look back without end and through a window. */
export const gptNeo: Family = {
  modelType: "gpt_neo",
  architecture: "GPTNeoForCausalLM",
  fixed: {
    positions: "learned",
    bias: { qkv: false, out: true, mlp: true, norm: true },
    attentionScale: 1,
  },
  settings: {
    vocabulary: count("vocab_size", 50257),
    context: count("max_position_embeddings", 2048),
    width: count("hidden_size", 2048),
    layers: layers("num_layers", 24),
    heads: count("num_heads", 16),
    hidden: count("intermediate_size", ({ width = 0 }) => 4 * width),
    normEpsilon: positive("layer_norm_epsilon", 1e-5),
    activation: choice("activation_function", activations, "geluTanh"),
    windows: attentionTypes(),
    tied: flag("tie_word_embeddings", true),
    dropout: dropouts(
      { embedding: "embed_dropout", attention: "attention_dropout", residual: "resid_dropout" },
      0,
    ),
  },
  only: {},
  harmless: ["classifier_dropout", "gradient_checkpointing", ...SUMMARY],
  prefix: "transformer.",
  names: {
    "tokens.weight": "transformer.wte.weight",
    "positions.weight": "transformer.wpe.weight",
    "blocks.*.norm1.gain": "transformer.h.*.ln_1.weight",
    "blocks.*.norm1.bias": "transformer.h.*.ln_1.bias",
    "blocks.*.attention.qkv.weight": [
      "transformer.h.*.attn.attention.q_proj.weight",
      "transformer.h.*.attn.attention.k_proj.weight",
      "transformer.h.*.attn.attention.v_proj.weight",
    ],
    "blocks.*.attention.out.weight": "transformer.h.*.attn.attention.out_proj.weight",
    "blocks.*.attention.out.bias": "transformer.h.*.attn.attention.out_proj.bias",
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
  ignored: /\.attn\.attention\.(bias|masked_bias)$/,
};

/** `attention_types`: kinds of layers, how often in turn: [[["global", "local"], 12]]. `attention_layers` is the same, layer by layer. */
function attentionTypes(): Setting<GPTConfig["windows"]> {
  const size = count("window_size", 256);
  return {
    names: ["attention_types", "attention_layers", "window_size"],
    read(json, known) {
      const window = size.read(json, known);
      const kinds = expand(json.attention_types ?? [[["global", "local"], 12]], known);
      for (const [i, kind] of layersOf(json, kinds).entries())
        if (kind !== kinds[i])
          throw new ConfigError(
            `attention_layers[${i}]`,
            `is ${show(kind)}, but attention_types make it ${show(kinds[i])}`,
            "correct one of the two",
          );
      return windowsOf(kinds.map((kind) => (kind === "local" ? window : null)));
    },
    write(windows, { layers }) {
      const kinds = Array.from({ length: layers }, (_, i) => (windows[i] ? "local" : "global"));
      const window = windows.find((width) => width !== null);
      return {
        attention_types: [[kinds, 1]],
        attention_layers: kinds,
        ...(window && { window_size: window }),
      };
    },
  };
}

const layersOf = (json: JSONObject, kinds: readonly string[]): readonly unknown[] => {
  const layers = json.attention_layers ?? kinds;
  if (Array.isArray(layers) && layers.length === kinds.length) return layers;
  throw new ConfigError(
    "attention_layers",
    `is ${show(layers)}`,
    `expected a list of ${kinds.length}`,
  );
};

function expand(types: unknown, { layers = 0 }: Known): string[] {
  const wrong = (why: string) =>
    new ConfigError(
      "attention_types",
      `is ${show(types)}${why}`,
      `expected ${layers} layers in all, such as [[["global", "local"], ${layers / 2}]]`,
    );
  if (!Array.isArray(types)) throw wrong("");
  const kinds: string[] = [];
  for (const item of types) {
    const [names, times] = Array.isArray(item) && item.length === 2 ? item : [];
    const known =
      Array.isArray(names) && names.every((name) => name === "global" || name === "local");
    // Counted before it is expanded: the count may be anything.
    if (!known || !Number.isSafeInteger(times) || times < 0) throw wrong("");
    if (kinds.length + names.length * times > layers) throw wrong(", which is more");
    for (let i = 0; i < times && names.length > 0; i++) kinds.push(...names);
  }
  if (kinds.length !== layers) throw wrong(`, which makes ${kinds.length}`);
  return kinds;
}
