import { type DType, FormatError, type HostTensor, show, size } from "@muladd/tensor";

/**
 * The safetensors format: u64 length N, N bytes of JSON, then the tensors' bytes, little-endian and row-major.
 * https://github.com/huggingface/safetensors#format
 */

/** What a safetensors file holds. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_HEADER = 100_000_000; // the format's own limit, in bytes
const DTYPES: Record<string, DType> = { F32: "f32", I32: "i32" };

/**
 * Writes tensors and string metadata as one file. The order is by name, and the header is padded to a multiple of 8
 * bytes, so equal contents give equal bytes.
 */
export function writeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const names = [...tensors.keys()].sort();
  const header: Record<string, unknown> = { __metadata__: { format: "pt", ...metadata } };
  let at = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    if (data.length !== size(shape))
      throw new FormatError(`safetensors: ${name} has ${data.length} numbers for ${show(shape)}`);
    const dtype = data instanceof Int32Array ? "I32" : "F32";
    header[name] = { dtype, shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + at);
  bytes.fill(0x20, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  let offset = 8 + padded;
  for (const name of names) {
    const { data } = tensors.get(name)!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/**
 * Reads a whole file. `name` is how errors call it. Throws {@link FormatError} for anything but a complete file:
 * cut short, with holes, overlaps or bytes left over, or with a dtype other than F32 and I32.
 */
export function readSafetensors(bytes: Uint8Array, name = "safetensors"): TensorFile {
  const fail = (why: string): never => {
    throw new FormatError(`${name}: ${why}`);
  };
  if (bytes.length < 8)
    fail(`not a safetensors file: ${bytes.length} bytes, 8 at least are needed`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || bytes[8] !== 0x7b)
    fail("not a safetensors file: it does not begin with a length and a JSON header");
  if (8 + length > bytes.length)
    fail(`cut short: the header needs ${8 + length} bytes, the file has ${bytes.length}`);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  let header: Record<string, Entry> & { __metadata__?: Record<string, string> };
  try {
    header = JSON.parse(text);
  } catch {
    return fail("not a safetensors file: the header is not JSON");
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const body = bytes.length - 8 - length;
  const ordered = Object.entries(entries as Record<string, Entry>).map(([key, entry]) => {
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    const counts = (x: unknown): x is number[] =>
      Array.isArray(x) && x.every((d) => Number.isSafeInteger(d) && d >= 0);
    if (!counts(shape) || !counts(offsets) || offsets.length !== 2)
      return fail(`${key}: the header's entry is not { dtype, shape, data_offsets }`);
    if (!DTYPES[dtype]) return fail(`${key}: dtype ${dtype} is not supported; F32 and I32 are`);
    if (offsets[1] - offsets[0] !== 4 * size(shape))
      return fail(`${key}: ${show(shape)} ${dtype} does not fill ${offsets[1] - offsets[0]} bytes`);
    return { key, dtype, shape, begin: offsets[0], end: offsets[1] };
  });
  ordered.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { key, begin, end } of ordered) {
    if (begin !== at) fail(`${key}: begins at byte ${begin}, expected ${at}: a hole or an overlap`);
    at = end;
  }
  if (at > body) fail(`cut short: the tensors need ${at} bytes, the file has ${body}`);
  if (at < body) fail(`${body - at} bytes are left over after the last tensor`);
  const tensors = new Map<string, HostTensor>();
  for (const { key, dtype, shape, begin, end } of ordered) {
    // A copy: the bytes need not be aligned to 4, and must not keep the whole file alive. (Node's Buffer.slice is a view.)
    const start = 8 + length;
    const { buffer } = new Uint8Array(bytes.subarray(start + begin, start + end));
    const data = DTYPES[dtype] === "i32" ? new Int32Array(buffer) : new Float32Array(buffer);
    tensors.set(key, { shape, data });
  }
  return { tensors, metadata };
}
