import { FormatError, type Shape, show, size } from "@muladd/tensor";
import { type Cursor, parseHead } from "../cursor.ts";
import type { ByteSource } from "../source.ts";
import { closeOnError } from "../sources/close-on-error.ts";
import { checkRange } from "../sources/range.ts";
import type { StoredTensor, TensorStore } from "../stored.ts";
import { type GGUFTensorType, isTensorType, TENSOR_TYPES, tensorTypeName } from "./tensor-types.ts";
import { type GGUFValues, readString, readValue } from "./values.ts";

/** A GGUF file: its tensors, and its metadata with types. `metadata` has what is no array, as text. */
export interface GGUFStore extends TensorStore {
  readonly values: GGUFValues;
}

const MAGIC = 0x46554747; // "GGUF"
const MAX_RANK = 4; // ggml's own
const DEFAULT_ALIGNMENT = 32;
/** The least bytes of a key with its value, and of a tensor's entry. */
const VALUE_BYTES = 8 + 4 + 1;
const ENTRY_BYTES = 8 + 4 + 4 + 8;

interface Entry {
  readonly name: string;
  readonly dtype: GGUFTensorType;
  readonly shape: Shape;
  /** From the beginning of the tensors. */
  readonly offset: number;
  readonly byteLength: number;
}

interface Head {
  readonly values: GGUFValues;
  readonly entries: readonly Entry[];
  readonly end: number;
}

/**
 * Opens a GGUF file, version 2 or 3, little-endian: metadata and the list of tensors, which are read when asked for. Shapes are
 * row-major (GGUF lists the innermost axis first). Throws FormatError, also for a type of tensor that is not supported. Closing
 * the store closes the source; so does an error.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export const openGGUF = (source: ByteSource): Promise<GGUFStore> =>
  closeOnError(source, () => open(source));

async function open(source: ByteSource): Promise<GGUFStore> {
  const { name } = source;
  const { values, entries, end } = await parseHead(source, parse);
  const alignment = alignmentOf(values);
  const begin = Math.ceil(end / alignment) * alignment;
  const tensors = new Map<string, StoredTensor>();
  const ordered = entries.toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let free = 0;
  for (const { name: tensor, offset, byteLength } of ordered) {
    const wrong = (why: string) => new FormatError(`${name}: tensor ${tensor}: ${why}`);
    if (offset % alignment !== 0)
      throw wrong(`begins at byte ${offset}, not at a multiple of ${alignment}`);
    if (offset < free)
      throw wrong(`begins at byte ${offset}, within the tensor before it, which ends at ${free}`);
    free = offset + byteLength;
    if (begin + free > source.size)
      throw wrong(`cut short: ends at byte ${begin + free}, the file at ${source.size}`);
  }
  for (const entry of entries) tensors.set(entry.name, stored(source, entry, begin));
  const metadata: Record<string, string> = {};
  for (const [key, { value }] of values)
    if (typeof value !== "object") metadata[key] = String(value);
  return { name, tensors, values, metadata, close: () => source.close() };
}

function parse(cursor: Cursor): Head {
  if (cursor.size < 4 || cursor.u32() !== MAGIC)
    throw cursor.fail('not a GGUF file: it does not begin with "GGUF"', 0);
  const version = cursor.u32();
  if (version !== 2 && version !== 3)
    throw cursor.fail(
      version % 0x10000 === 0
        ? "a big-endian GGUF file; convert it with gguf_convert_endian.py of llama.cpp"
        : `GGUF version ${version}; 2 and 3 are known: convert the model again with a newer llama.cpp`,
      4,
    );
  const [tensors, keys] = [cursor.count(), cursor.count()];
  cursor.need(keys * VALUE_BYTES + tensors * ENTRY_BYTES, `${keys} values and ${tensors} tensors`);
  const values = readValues(cursor, keys);
  const parts = values.get("split.count");
  if (parts && Number(parts.value) > 1)
    throw cursor.fail(
      `one of ${parts.value} parts of a model; join them with llama-gguf-split --merge`,
    );
  const entries = new Map<string, Entry>();
  for (let i = 0; i < tensors; i++) {
    const at = cursor.at;
    const entry = readEntry(cursor);
    if (entries.has(entry.name)) throw cursor.fail(`tensor ${entry.name} is there twice`, at);
    entries.set(entry.name, entry);
  }
  return { values, entries: [...entries.values()], end: cursor.at };
}

function readValues(cursor: Cursor, count: number): GGUFValues {
  const values: Map<string, ReturnType<typeof readValue>> = new Map();
  for (let i = 0; i < count; i++) {
    const at = cursor.at;
    const key = readString(cursor);
    if (values.has(key)) throw cursor.fail(`key ${key} is there twice`, at);
    values.set(key, readValue(cursor));
  }
  return values;
}

/** Of each tensor's first byte. Throws FormatError. */
export function alignmentOf(values: GGUFValues): number {
  const { value = DEFAULT_ALIGNMENT } = values.get("general.alignment") ?? {};
  if (typeof value !== "number" || !Number.isInteger(Math.log2(value)) || value < 1)
    throw new FormatError(`GGUF: general.alignment is ${value}, not a power of two`);
  return value;
}

function readEntry(cursor: Cursor): Entry {
  const at = cursor.at;
  const name = readString(cursor);
  const wrong = (why: string) => cursor.fail(`tensor ${name}: ${why}`, at);
  const rank = cursor.u32();
  if (rank > MAX_RANK) throw wrong(`${rank} axes; ${MAX_RANK} at most are known`);
  const shape = Array.from({ length: rank }, () => cursor.count()).reverse();
  const id = cursor.u32();
  const offset = cursor.count();
  const dtype = tensorTypeName(id);
  if (!isTensorType(dtype))
    throw wrong(
      `${dtype} is not supported; ${Object.keys(TENSOR_TYPES).join(", ")} are: convert it with llama-quantize`,
    );
  const { block, bytes } = TENSOR_TYPES[dtype];
  if ((shape.at(-1) ?? 1) % block !== 0)
    throw wrong(`${show(shape)} ${dtype}: its innermost axis is no multiple of ${block}`);
  const numbers = shape.includes(0) ? 0 : size(shape);
  return { name, dtype, shape, offset, byteLength: (numbers / block) * bytes };
}

function stored(source: ByteSource, entry: Entry, begin: number): StoredTensor {
  const { name, dtype, shape, offset, byteLength } = entry;
  return {
    name,
    dtype,
    shape,
    byteLength,
    async read(from = 0, to = byteLength, room) {
      checkRange(`${source.name}: tensor ${name}`, byteLength, from, to);
      return source.read(begin + offset + from, begin + offset + to, room);
    },
  };
}
