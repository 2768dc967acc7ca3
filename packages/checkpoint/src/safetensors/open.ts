import type { ByteSource } from "../source.ts";
import { checkRange } from "../sources/range.ts";
import type { StoredTensor, TensorStore } from "../stored.ts";
import { headerEnd, PREFIX, parseHeader } from "./header.ts";

/**
 * Opens a safetensors file: reads its header, and of the tensors nothing until they are asked for. Throws FormatError, before
 * anything is read, for a header that does not describe exactly the bytes that are there. Closing the store closes the
 * source; so does an error.
 */
export async function openSafetensors(source: ByteSource): Promise<TensorStore> {
  try {
    const { name, size } = source;
    const start = headerEnd(await source.read(0, Math.min(PREFIX, size)), size, name);
    const header = parseHeader(await source.read(PREFIX, start), size - start, name);
    const tensors = header.entries.map(({ begin, end, ...entry }): [string, StoredTensor] => {
      const byteLength = end - begin;
      const read = async (from = 0, to = byteLength, room?: Uint8Array) => {
        checkRange(`${name}: ${entry.name}`, byteLength, from, to);
        return source.read(start + begin + from, start + begin + to, room);
      };
      return [entry.name, { ...entry, byteLength, read }];
    });
    const { metadata } = header;
    return { name, tensors: new Map(tensors), metadata, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}
