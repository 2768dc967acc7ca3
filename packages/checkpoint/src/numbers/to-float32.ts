import { bitsOfHalf, FormatError } from "@muladd/tensor";
import { BYTES, isPlain, type PlainType } from "../dtypes.ts";
import { dequantize } from "../gguf/blocks.ts";
import type { StoredType } from "../stored.ts";

/**
 * Stored numbers as float32, in memory of their own. F16 and BF16 are exact, with subnormals, infinities and the payloads of
 * NaN; F64 and integers are rounded to the nearest (64-bit integers beyond 2⁵³ to a float64 first); BOOL is 0 or 1. `bytes`
 * may begin anywhere. Throws FormatError when they are not a whole number of numbers.
 */
export function toFloat32(bytes: Uint8Array, dtype: StoredType): Float32Array<ArrayBuffer> {
  if (!isPlain(dtype)) return dequantize(bytes, dtype);
  const item = BYTES[dtype];
  if (bytes.length % item !== 0)
    throw new FormatError(`toFloat32: ${bytes.length} bytes are no whole number of ${dtype}`);
  // Typed arrays view only what begins at a multiple of their item's size; a copy does.
  const { buffer, byteOffset } = bytes.byteOffset % item === 0 ? bytes : new Uint8Array(bytes);
  return WIDEN[dtype](buffer, byteOffset, bytes.length / item);
}

type Widen = (
  ...at: [buffer: ArrayBufferLike, begin: number, length: number]
) => Float32Array<ArrayBuffer>;

const WIDEN: Readonly<Record<PlainType, Widen>> = {
  F64: (...at) => new Float32Array(new Float64Array(...at)),
  F32: (...at) => new Float32Array(new Float32Array(...at)),
  F16: (...at) => widenBits(new Uint16Array(...at), halves()),
  BF16: (...at) => widenBits(new Uint16Array(...at)),
  I64: (...at) => narrowBig(new BigInt64Array(...at)),
  U64: (...at) => narrowBig(new BigUint64Array(...at)),
  I32: (...at) => new Float32Array(new Int32Array(...at)),
  U32: (...at) => new Float32Array(new Uint32Array(...at)),
  I16: (...at) => new Float32Array(new Int16Array(...at)),
  U16: (...at) => new Float32Array(new Uint16Array(...at)),
  I8: (...at) => new Float32Array(new Int8Array(...at)),
  U8: (...at) => new Float32Array(new Uint8Array(...at)),
  BOOL: (...at) => {
    const to = new Float32Array(new Uint8Array(...at));
    for (let i = 0; i < to.length; i++) to[i] = to[i] === 0 ? 0 : 1;
    return to;
  },
};

function narrowBig(from: BigInt64Array | BigUint64Array): Float32Array<ArrayBuffer> {
  const to = new Float32Array(from.length);
  for (let i = 0; i < to.length; i++) to[i] = Number(from[i]);
  return to;
}

/** By bits: as numbers, NaN could lose its payload. Without a table, of bfloat16: the bits are the upper half. */
function widenBits(from: Uint16Array, table?: Uint32Array): Float32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length);
  if (table) for (let i = 0; i < to.length; i++) to[i] = table[from[i]!]!;
  else for (let i = 0; i < to.length; i++) to[i] = from[i]! << 16;
  return new Float32Array(to.buffer);
}

let table: Uint32Array | undefined;

/** Every binary16 as float32, in bits: 256 kB, made when first needed. */
function halves(): Uint32Array {
  table ??= Uint32Array.from({ length: 65536 }, (_, half) => bitsOfHalf(half));
  return table;
}
