import { FormatError, show, size } from "@muladd/tensor";
import type { TensorToWrite } from "../safetensors/write-shards.ts";
import type { FileTarget } from "../target.ts";
import { alignmentOf } from "./open-gguf.ts";
import { isTensorType, TENSOR_TYPES } from "./tensor-types.ts";
import { type GGUFValues, stringBytes, u32, u64, valueBytes } from "./values.ts";

export interface GGUFContents {
  /** In the order in which they are written. llama.cpp asks for `general.architecture`, and for first. */
  readonly values: GGUFValues;
  /** Their bytes as `fromFloat32` and `quantizeQ8_0` make them; a {@link StoredTensor} is one. */
  readonly tensors: readonly TensorToWrite[];
  /** After each tensor: bytes of tensors written, and to write. */
  readonly onProgress?: (written: number, total: number) => void;
}

const VERSION = 3;
const MAX_NAME = 63; // bytes; ggml's own

/**
 * Writes a GGUF file, version 3: values with their types, then tensors in the order given, each aligned to `general.alignment`
 * (32 when there is none). One tensor is in memory at a time; the file is there when all are written. Types are those that
 * {@link openGGUF} reads. What names and values a model needs is its family's business. Throws FormatError for a type or shape
 * that GGUF does not have, a name twice, a value that its type does not hold, and bytes that do not fill the shape.
 */
export async function writeGGUF(
  target: FileTarget,
  path: string,
  { values, tensors, onProgress }: GGUFContents,
): Promise<void> {
  const alignment = alignmentOf(values);
  const padding = (length: number) => new Uint8Array(-length & (alignment - 1));
  const { head, lengths } = encodeHead(values, tensors, alignment);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const writer = await target.write(path);
  try {
    await writer.append(head);
    await writer.append(padding(head.length));
    let written = 0;
    for (const [i, tensor] of tensors.entries()) {
      const bytes = await tensor.read();
      if (bytes.length !== lengths[i])
        throw wrong(tensor, `expected ${lengths[i]} bytes, found ${bytes.length}`);
      await writer.append(bytes);
      await writer.append(padding(bytes.length));
      written += bytes.length;
      onProgress?.(written, total);
    }
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const wrong = ({ name }: TensorToWrite, why: string) =>
  new FormatError(`GGUF: tensor ${name}: ${why}`);

function encodeHead(values: GGUFValues, tensors: readonly TensorToWrite[], alignment: number) {
  const parts: Uint8Array[] = [
    new TextEncoder().encode("GGUF"),
    u32(VERSION),
    u64(tensors.length, values.size),
  ];
  for (const [key, value] of values) parts.push(...stringBytes(key), ...valueBytes(key, value));
  const names = new Set<string>();
  const lengths: number[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    if (names.has(name)) throw wrong(tensor, "is there twice");
    names.add(name);
    const text = stringBytes(name);
    if (text[1]!.length > MAX_NAME)
      throw wrong(
        tensor,
        `its name is longer than ${MAX_NAME} bytes, which llama.cpp does not read`,
      );
    if (!isTensorType(dtype))
      throw wrong(tensor, `GGUF has no ${dtype}; write ${Object.keys(TENSOR_TYPES).join(", ")}`);
    const { id, block, bytes } = TENSOR_TYPES[dtype];
    if (shape.length > 4 || (shape.at(-1) ?? 1) % block !== 0)
      throw wrong(
        tensor,
        `${show(shape)} is no shape of ${dtype}: four axes at most, the last a multiple of ${block}`,
      );
    parts.push(...text, u32(shape.length), u64(...[...shape].reverse()), u32(id), u64(offset));
    const length = (size(shape) / block) * bytes;
    lengths.push(length);
    offset += Math.ceil(length / alignment) * alignment;
  }
  return { head: joined(parts), lengths };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
