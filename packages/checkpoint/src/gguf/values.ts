import { FormatError } from "@muladd/tensor";
import type { Cursor } from "../cursor.ts";

type NumberType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "f64";
type BigType = "u64" | "i64";

/** A value of GGUF's metadata, with its type. Arrays of numbers are typed arrays when read; in those of `bool`, 1 is true. */
export type GGUFValue =
  | { readonly type: NumberType; readonly value: number }
  | { readonly type: BigType; readonly value: bigint }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: `${NumberType | "bool"}[]`; readonly value: ArrayLike<number> }
  | { readonly type: `${BigType}[]`; readonly value: ArrayLike<bigint> }
  | { readonly type: "string[]"; readonly value: readonly string[] };

export type GGUFValues = ReadonlyMap<string, GGUFValue>;

/** What the format calls 0, 1, 2 … */
const TYPES = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "f32",
  "bool",
  "string",
  "array",
  "u64",
  "i64",
  "f64",
] as const;
type Type = (typeof TYPES)[number];
const NAMES: readonly string[] = TYPES;

interface ArrayOf<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): ArrayLike<T>;
  from(values: ArrayLike<T>): ArrayLike<T> & ArrayBufferView;
}

const NUMBERS: Readonly<Record<NumberType, ArrayOf<number>>> = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
};
const BIGS: Readonly<Record<BigType, ArrayOf<bigint>>> = {
  u64: BigUint64Array,
  i64: BigInt64Array,
};

const isNumber = (type: string): type is NumberType => Object.hasOwn(NUMBERS, type);
const isBig = (type: string): type is BigType => Object.hasOwn(BIGS, type);

/** The least bytes that a string takes: its length. */
const STRING_BYTES = 8;

export const readString = (cursor: Cursor): string => cursor.text(cursor.count());

function readMany<T>(cursor: Cursor, Numbers: ArrayOf<T>, count: number): ArrayLike<T> {
  const bytes = cursor.take(count * Numbers.BYTES_PER_ELEMENT);
  return new Numbers(Uint8Array.from(bytes).buffer);
}

function readBools(cursor: Cursor, count: number): Uint8Array {
  const bytes = cursor.take(count);
  if (bytes.some((byte) => byte > 1)) throw cursor.fail("a bool is neither 0 nor 1: damaged");
  return Uint8Array.from(bytes);
}

function readStrings(cursor: Cursor, count: number): string[] {
  cursor.need(count * STRING_BYTES, `${count} strings`);
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(readString(cursor));
  return strings;
}

function readType(cursor: Cursor): Type {
  const id = cursor.u32();
  const type = TYPES[id];
  if (!type) throw cursor.fail(`a value of type ${id}; 0 to ${TYPES.length - 1} are known`);
  return type;
}

function readArray(cursor: Cursor): GGUFValue {
  const [type, count] = [readType(cursor), cursor.count()];
  if (type === "string") return { type: "string[]", value: readStrings(cursor, count) };
  if (type === "bool") return { type: "bool[]", value: readBools(cursor, count) };
  if (isNumber(type)) return { type: `${type}[]`, value: readMany(cursor, NUMBERS[type], count) };
  if (isBig(type)) return { type: `${type}[]`, value: readMany(cursor, BIGS[type], count) };
  throw cursor.fail("an array of arrays, which llama.cpp does not read either");
}

/** Reads a value behind its key. */
export function readValue(cursor: Cursor): GGUFValue {
  const type = readType(cursor);
  if (type === "string") return { type, value: readString(cursor) };
  if (type === "bool") return { type, value: readBools(cursor, 1)[0] === 1 };
  if (isNumber(type)) return { type, value: readMany(cursor, NUMBERS[type], 1)[0]! };
  if (isBig(type)) return { type, value: readMany(cursor, BIGS[type], 1)[0]! };
  return readArray(cursor);
}

export const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (...values: number[]) =>
  new Uint8Array(BigUint64Array.from(values, BigInt).buffer);

/** A length and the text in UTF-8. */
export function stringBytes(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  return [u64(bytes.length), bytes];
}

function numberBytes<T>(Numbers: ArrayOf<T>, value: T, exact: boolean): Uint8Array | undefined {
  const array = Numbers.from([value]);
  if (exact && array[0] !== value) return undefined;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function itemBytes(type: string, value: number | bigint | boolean | string) {
  if (typeof value === "string") return type === "string" ? stringBytes(value) : undefined;
  if (type === "bool" && (Number(value) === 0 || Number(value) === 1))
    return [Uint8Array.of(Number(value))];
  const number =
    typeof value === "number" && isNumber(type)
      ? numberBytes(NUMBERS[type], value, !type.startsWith("f"))
      : typeof value === "bigint" && isBig(type)
        ? numberBytes(BIGS[type], value, true)
        : undefined;
  return number && [number];
}

/** A value in bytes, behind its type. Throws FormatError, with `key`, for a number that its type does not hold. */
export function valueBytes(key: string, { type, value }: GGUFValue): Uint8Array[] {
  const item = type.replace("[]", "");
  const id = u32(NAMES.indexOf(item));
  const list = typeof value === "object";
  const items = list ? Array.from<number | bigint | string>(value) : [value];
  const head: Uint8Array[] = list ? [u32(NAMES.indexOf("array")), id, u64(items.length)] : [id];
  for (const one of items) {
    const bytes = itemBytes(item, one);
    if (!bytes) throw new FormatError(`GGUF: ${key}: ${one} is not of type ${item}`);
    head.push(...bytes);
  }
  return head;
}
