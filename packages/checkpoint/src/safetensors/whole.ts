import { type DType, FormatError, type HostTensor } from "@muladd/tensor";
import { headerEnd, PREFIX, parseHeader } from "./header.ts";
import { encodeHeader } from "./layout.ts";

/** What a safetensors file holds. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const DTYPES: Readonly<Record<string, DType>> = { F32: "f32", I32: "i32" };

/**
 * Writes tensors and string metadata as one file. Equal contents give equal bytes: F32 comes before I32, then the order is by
 * name. Throws FormatError for numbers that do not fill their shape.
 */
export function writeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const described = [...tensors].map(([name, { shape, data }]) => ({
    name,
    dtype: data instanceof Int32Array ? ("I32" as const) : ("F32" as const),
    shape,
    data,
  }));
  const { head, order, size } = encodeHeader(described, metadata);
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let at = head.length;
  for (const { data } of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a whole file of F32 and I32; {@link openSafetensors} reads others, and lazily. `name` is how errors call it. Throws
 * {@link FormatError} for anything but a complete file: cut short, with holes, overlaps or bytes left over.
 */
export function readSafetensors(bytes: Uint8Array, name = "safetensors"): TensorFile {
  const start = headerEnd(bytes.subarray(0, PREFIX), bytes.length, name);
  const header = parseHeader(bytes.subarray(PREFIX, start), bytes.length - start, name);
  const tensors = new Map<string, HostTensor>();
  for (const { name: key, dtype, shape, begin, end } of header.entries) {
    const type = DTYPES[dtype];
    if (!type)
      throw new FormatError(
        `${name}: ${key}: expected F32 or I32, found ${dtype}; openSafetensors and toFloat32 read it`,
      );
    // A copy: the bytes need not be aligned to 4, and must not keep the whole file alive. (Node's Buffer.slice is a view.)
    const { buffer } = new Uint8Array(bytes.subarray(start + begin, start + end));
    const data = type === "i32" ? new Int32Array(buffer) : new Float32Array(buffer);
    tensors.set(key, { shape, data });
  }
  return { tensors, metadata: header.metadata };
}
