import type { HostTensor } from "@muladd/tensor";

/** (rows, columns) → (columns, rows). */
export function transposed({ shape, data }: HostTensor): HostTensor {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return { shape: [columns, rows], data: out };
}

const PARTS: Record<string, string> = {
  ln_1: "norm1",
  ln_2: "norm2",
  "attn.c_attn": "attention.qkv",
  "attn.c_proj": "attention.out",
  "mlp.c_fc": "mlp.up",
  "mlp.c_proj": "mlp.down",
};

/** The name that our model gives to GPT-2's or nanoGPT's parameter `transformer.h.0.attn.c_attn.weight`. */
export function ourName(theirs: string): string {
  const name = theirs.replace("transformer.", "");
  if (name === "wte.weight") return "tokens.weight";
  if (name === "wpe.weight") return "positions.weight";
  const kind = name.endsWith("bias") ? "bias" : "weight";
  const gain = (norm: string) => `${norm}.${kind === "weight" ? "gain" : kind}`;
  if (name.startsWith("ln_f")) return gain("norm");
  const [, layer, part] = /^h\.(\d+)\.(.+)\.(?:weight|bias)$/.exec(name) as unknown as string[];
  const ours = `blocks.${layer}.${PARTS[part!]}`;
  return part!.startsWith("ln_") ? gain(ours) : `${ours}.${kind}`;
}

/** Picks the tensors named `prefix` + a parameter's name, under our names; transformers stores GPT-2's matrices transposed. */
export function ourTensors(
  tensors: ReadonlyMap<string, HostTensor>,
  prefix: string,
  conv1d: boolean,
): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const [name, t] of tensors) {
    if (!name.startsWith(`${prefix}transformer.`)) continue;
    const flip = conv1d && /\.c_(attn|proj|fc)\.weight$/.test(name);
    found.set(ourName(name.slice(prefix.length)), flip ? transposed(t) : t);
  }
  return found;
}
