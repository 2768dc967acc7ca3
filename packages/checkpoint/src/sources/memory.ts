import { FormatError } from "@muladd/tensor";
import type { ByteSource } from "../source.ts";
import { checkRange, cutShort } from "./range.ts";

/** Bytes that are in memory already; reads are views of them. */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(begin, end) {
      checkRange(name, bytes.length, begin, end);
      return bytes.subarray(begin, end);
    },
    async close() {},
  };
}

/** A Blob, or a File that was chosen in a page; only what is read comes into memory. */
export function blobSource(
  blob: Blob,
  name = blob instanceof File ? blob.name : "blob",
): ByteSource {
  return {
    name,
    size: blob.size,
    async read(begin, end) {
      checkRange(name, blob.size, begin, end);
      const buffer = await blob
        .slice(begin, end)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw new FormatError(
            `${name}: can no longer be read (${cause}); it was changed or removed since it was chosen: choose it again`,
            { cause },
          );
        });
      if (buffer.byteLength !== end - begin) throw cutShort(name, begin, end, buffer.byteLength);
      return new Uint8Array(buffer);
    },
    async close() {},
  };
}
