import { FormatError, type Shape, show, size } from "@muladd/tensor";
import { BYTES, isPlain, type PlainType } from "../dtypes.ts";
import { excerpt, isObject, parseObject } from "./json.ts";

/**
 * The safetensors format: u64 length N, N bytes of JSON, then the tensors' bytes, little-endian and row-major.
 * https://github.com/huggingface/safetensors#format
 */

/** Bytes that say how long the header is. */
export const PREFIX = 8;
const MAX_HEADER = 100_000_000; // the format's own limit, in bytes

export interface Entry {
  readonly name: string;
  readonly dtype: PlainType;
  readonly shape: Shape;
  /** Where its bytes are, from the end of the header on. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where the header ends, of a file of `size` bytes that begins with `prefix`. Throws FormatError when it cannot be there. */
export function headerEnd(prefix: Uint8Array, size: number, name: string): number {
  const fail = (why: string): never => {
    throw new FormatError(`${name}: ${why}`);
  };
  if (prefix.length < PREFIX)
    fail(`not a safetensors file: ${size} bytes, ${PREFIX} at least are needed`);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER)
    fail(
      `not a safetensors file: its header would have ${length} bytes, at most ${MAX_HEADER} are allowed`,
    );
  const end = PREFIX + Number(length);
  if (end > size) fail(`cut short: the header needs ${end} bytes, the file has ${size}`);
  return end;
}

/**
 * What the JSON of a header says, of a file with `body` bytes after it. Throws FormatError for anything but a complete file:
 * cut short, with holes, overlaps or bytes left over, with keys twice, or with a dtype that is not plain.
 */
export function parseHeader(json: Uint8Array, body: number, name: string): Header {
  if (json[0] !== 0x7b)
    throw new FormatError(
      `${name}: not a safetensors file: the header begins with byte ${json[0]}, expected 123, a {`,
    );
  const { __metadata__: metadata = {}, ...rest } = parseObject(json, name, "the header");
  if (!isTexts(metadata))
    throw new FormatError(
      `${name}: __metadata__ is ${excerpt(metadata)}, expected an object of strings`,
    );
  const entries = Object.entries(rest).map(([key, value]) => parseEntry(key, value, name));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const entry of entries) {
    if (entry.begin !== at)
      throw new FormatError(
        `${name}: ${entry.name}: begins at byte ${entry.begin}, expected ${at}: ${entry.begin > at ? "a hole" : "an overlap"}`,
      );
    at = entry.end;
  }
  if (at > body)
    throw new FormatError(
      `${name}: cut short: the tensors need ${at} bytes, and ${body} follow the header; copy or download it again`,
    );
  if (at < body)
    throw new FormatError(`${name}: ${body - at} bytes are left over after the last tensor`);
  return { entries, metadata };
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const fail = (why: string): never => {
    throw new FormatError(`${file}: ${name}: ${why}`);
  };
  if (!isObject(value))
    return fail(`is ${excerpt(value)}, expected { dtype, shape, data_offsets }`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isPlain(dtype))
    return fail(
      `dtype ${excerpt(dtype)} is not supported, ${Object.keys(BYTES).join(" ")} are; convert the model to BF16`,
    );
  if (!isCounts(shape))
    return fail(`shape is ${excerpt(shape)}, expected whole numbers from 0 to 2^53 - 1`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`data_offsets is ${excerpt(offsets)}, expected two whole numbers, 0 to 2^53 - 1`);
  const [begin, end] = offsets as [number, number]; // two, as was checked
  if (end - begin !== BYTES[dtype] * size(shape))
    fail(
      `${show(shape)} ${dtype} is ${BYTES[dtype] * size(shape)} bytes, data_offsets ${begin} to ${end} are ${end - begin}`,
    );
  return { name, dtype, shape, begin, end };
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const isTexts = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((text) => typeof text === "string");
