import { FormatError } from "@muladd/tensor";
import { openSafetensors } from "./safetensors/open.ts";
import { openShards } from "./shards.ts";
import type { ByteSource, FileSet } from "./source.ts";
import type { TensorStore } from "./stored.ts";

type Open = (source: ByteSource) => Promise<TensorStore>;

/** Names under which a model's tensors are found, as transformers tries them, and what opens each. */
const MODELS: readonly (readonly [path: string, open: Open])[] = [
  ["model.safetensors", openSafetensors],
];

/**
 * Opens the tensors of a model's folder: one file, or shards with their index. Throws FormatError when there are none, and when
 * a file is not what it should be.
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
  throw new FormatError(
    `${files.name}: no tensors: expected ${MODELS.map(([path]) => `${path} or ${path}.index.json`).join(", ")}`,
  );
}
