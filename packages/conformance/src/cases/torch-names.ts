import type { HostTensor } from "@muladd/tensor";

/** Parts of PyTorch's names, as nanoGPT and `nn.TransformerEncoderLayer` give them, and of ours, applied in order. */
const PARTS: readonly (readonly [theirs: RegExp, ours: string])[] = [
  [/^transformer\./, ""],
  [/^wte\./, "tokens."],
  [/^wpe\./, "positions."],
  [/^(h|layers)\./, "blocks."],
  [/\bln_f\./, "norm."],
  [/\bln_(\d)\./, "norm$1."],
  [/\battn\.c_attn\./, "attention.qkv."],
  [/\battn\.c_proj\./, "attention.out."],
  [/\bself_attn\.in_proj_/, "attention.qkv."],
  [/\bself_attn\.out_proj\./, "attention.out."],
  [/\b(mlp\.c_fc|linear1)\./, "mlp.up."],
  [/\b(mlp\.c_proj|linear2)\./, "mlp.down."],
  [/\b(norm\d?)\.weight$/, "$1.gain"],
];

/** What a fixture holds beside parameters and gradients. */
const OTHERS = ["ids", "targets", "logits"];

/** The tensors named `prefix` + a parameter's name, under our names. */
export function ourTensors(
  tensors: ReadonlyMap<string, HostTensor>,
  prefix: "" | "grad.",
): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    if (OTHERS.includes(name) || name.startsWith("grad.") !== (prefix !== "")) continue;
    const bare = name.slice(prefix.length);
    found.set(
      PARTS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), bare),
      tensor,
    );
  }
  return found;
}
