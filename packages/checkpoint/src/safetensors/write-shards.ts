import { FormatError, size } from "@muladd/tensor";
import { isPlain, type PlainType } from "../dtypes.ts";
import type { StoredTensor, StoredType } from "../stored.ts";
import type { FileTarget, FileWriter } from "../target.ts";
import { byteLength, encodeHeader } from "./layout.ts";

/** A tensor to write: what it is now, and its bytes when its turn comes. A {@link StoredTensor} is one. */
export interface TensorToWrite extends Pick<StoredTensor, "name" | "shape"> {
  readonly dtype: StoredType;
  /** Little-endian and row-major, as `fromFloat32` makes them. */
  read(): Promise<Uint8Array>;
}

export interface WriteOptions {
  /** Bytes of tensors in one file; a larger tensor has a file of its own. Default 5 GB. */
  readonly maxShardBytes?: number;
  /** Goes into every file, beside `format: "pt"`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** After each tensor: bytes of tensors written, and to write. */
  readonly onProgress?: (written: number, total: number) => void;
}

/**
 * Writes `model.safetensors`; or, when that would have more than `maxShardBytes`, `model-00001-of-0000N.safetensors` and so on,
 * filled in the order of `tensors`, and their index. One tensor is in memory at a time. All files are written before any is
 * committed, and the index is committed last, so a failure while writing leaves nothing behind. Answers the files' paths.
 * Throws FormatError for a name twice, a type of blocks, and bytes that do not fill the shape.
 */
export async function writeShards(
  target: FileTarget,
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  options: WriteOptions = {},
): Promise<string[]> {
  const { maxShardBytes = 5e9, metadata = {}, onProgress } = options;
  const all = await described(tensors);
  const shards = divide(all, maxShardBytes);
  const total = all.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  const writers: FileWriter[] = [];
  const paths: string[] = [];
  let written = 0;
  const begin = async (path: string) => {
    const writer = await target.write(path);
    writers.push(writer);
    paths.push(path);
    return writer;
  };
  try {
    for (const [i, shard] of shards.entries()) {
      const { head, order } = encodeHeader(shard, metadata);
      const writer = await begin(pathOf(i, shards.length));
      await writer.append(head);
      for (const tensor of order) {
        await writer.append(await bytesOf(tensor, target.name));
        written += byteLength(tensor);
        onProgress?.(written, total);
      }
    }
    if (shards.length > 1) {
      const writer = await begin(`${pathOf(0, 1)}.index.json`);
      await writer.append(new TextEncoder().encode(indexOf(shards, total)));
    }
    for (const writer of writers) await writer.commit();
    return paths;
  } catch (error) {
    for (const writer of writers) await writer.abort();
    throw error;
  }
}

interface Plain extends TensorToWrite {
  readonly dtype: PlainType;
}

async function described(
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
): Promise<Plain[]> {
  const all = new Map<string, Plain>();
  for await (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    if (!isPlain(dtype))
      throw new FormatError(
        `safetensors: ${name} is ${dtype}, which the format does not have; write it as F32, F16 or BF16`,
      );
    if (all.has(name)) throw new FormatError(`safetensors: there are two tensors named ${name}`);
    all.set(name, { name, dtype, shape, read: () => tensor.read() });
  }
  return [...all.values()];
}

function divide(tensors: readonly Plain[], most: number): readonly (readonly Plain[])[] {
  if (!(most > 0))
    throw new RangeError(`writeShards: maxShardBytes is ${most}, expected more than 0`);
  const shards: Plain[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const more = byteLength(tensor);
    if (bytes > 0 && bytes + more > most) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += more;
  }
  return shards;
}

const pathOf = (index: number, of: number): string => {
  const padded = (n: number) => String(n).padStart(5, "0");
  return of === 1 ? "model.safetensors" : `model-${padded(index + 1)}-of-${padded(of)}.safetensors`;
};

async function bytesOf(tensor: Plain, name: string): Promise<Uint8Array> {
  const bytes = await tensor.read();
  const expected = byteLength(tensor);
  if (bytes.length !== expected)
    throw new FormatError(
      `${name}: ${tensor.name}: expected ${expected} bytes, found ${bytes.length}`,
    );
  return bytes;
}

/** As Hugging Face's transformers write it: names in order. */
function indexOf(shards: readonly (readonly Plain[])[], totalSize: number): string {
  const entries = shards.flatMap((shard, i) =>
    shard.map(({ name }) => [name, pathOf(i, shards.length)] as const),
  );
  const parameters = shards.flat().reduce((sum, { shape }) => sum + size(shape), 0);
  const json = {
    metadata: { total_parameters: parameters, total_size: totalSize },
    weight_map: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
