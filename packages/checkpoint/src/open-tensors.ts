import { FormatError } from "@muladd/tensor";
import { openGGUF } from "./gguf/open-gguf.ts";
import { openSafetensors } from "./safetensors/open.ts";
import { openShards } from "./shards.ts";
import type { ByteSource, FileSet } from "./source.ts";
import type { TensorStore } from "./stored.ts";
import { openTorch } from "./torch/open-torch.ts";

type Open = (source: ByteSource) => Promise<TensorStore>;

/** Names under which a model's tensors are found, as transformers tries them, and what opens each. */
const MODELS: readonly (readonly [path: string, open: Open])[] = [
  ["model.safetensors", openSafetensors],
  ["pytorch_model.bin", openTorch],
];

/**
 * Opens the tensors of a model's folder: `model.safetensors` or `pytorch_model.bin`, each also as shards with their index, or
 * else the one file that ends in `.gguf`. Throws FormatError when there are none, and when a file is not what it should be.
 */
export async function openTensors(files: FileSet): Promise<TensorStore> {
  for (const [path, open] of MODELS) {
    const source = await files.open(path);
    if (source) return open(source);
    const index = `${path}.index.json`;
    const found = await files.open(index);
    await found?.close();
    if (found) return openShards(files, index, open);
  }
  const ggufs = (await files.list()).filter((path) => /^[^/]+\.gguf$/.test(path));
  if (ggufs.length > 1)
    throw new FormatError(`${files.name}: ${ggufs.join(", ")}: several models; open one of them`);
  const source = ggufs[0] === undefined ? undefined : await files.open(ggufs[0]);
  if (source) return openGGUF(source);
  throw new FormatError(
    `${files.name}: no tensors: expected ${MODELS.map(([path]) => `${path} or ${path}.index.json`).join(", ")}, or a .gguf`,
  );
}
