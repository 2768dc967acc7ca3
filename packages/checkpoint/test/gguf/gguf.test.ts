import { FormatError } from "@muladd/tensor";
import { expect, test } from "vitest";
import {
  blobSource,
  blobTarget,
  bytesSource,
  type GGUFValue,
  openGGUF,
  quantizeQ8_0,
  readSafetensors,
  type TensorToWrite,
  toFloat32,
  writeGGUF,
} from "../../src/index.ts";
import { fixture, numbersOf } from "../stored-numbers.ts";

const all = fixture("all.gguf");
const bytes = await all.read(0, all.size);
const numbers = fixture("all.gguf.safetensors");
const expected = readSafetensors(await numbers.read(0, numbers.size)).tensors;

test("a file of llama.cpp's Python package has its values, types, names and shapes", async () => {
  const { values, metadata, tensors } = await openGGUF(all);
  const array = (type: string, value: ArrayLike<unknown>) => ({ type, value });
  expect(Object.fromEntries(values)).toEqual({
    "general.architecture": { type: "string", value: "llama" },
    u8: { type: "u8", value: 255 },
    i8: { type: "i8", value: -128 },
    u16: { type: "u16", value: 65535 },
    i16: { type: "i16", value: -32768 },
    u32: { type: "u32", value: 2 ** 32 - 1 },
    i32: { type: "i32", value: -(2 ** 31) },
    u64: { type: "u64", value: 2n ** 64n - 1n },
    i64: { type: "i64", value: -(2n ** 63n) },
    f32: { type: "f32", value: 0.5 },
    f64: { type: "f64", value: 0.1 },
    bool: { type: "bool", value: true },
    text: { type: "string", value: "Größe" },
    tokens: array("string[]", ["a", "Ġb", ""]),
    types: array("i32[]", Int32Array.of(1, -3)),
    scores: array("f32[]", Float32Array.of(0.5, -1.5)),
  });
  expect(metadata).toMatchObject({ u64: "18446744073709551615", bool: "true", text: "Größe" });
  expect(metadata).not.toHaveProperty("tokens");
  const shapes = (all: Iterable<[string, { readonly shape: readonly number[] }]>) =>
    Object.fromEntries(Array.from(all, ([name, { shape }]) => [name, shape]));
  expect(shapes(tensors)).toEqual(shapes(expected));
});

test.each(["f32", "f16", "bf16", "f64", "i8", "i16", "i32", "i64"])(
  "%s has the package's numbers",
  async (name) => {
    const tensor = (await openGGUF(all)).tensors.get(name)!;
    expect(tensor.dtype).toBe(name.toUpperCase());
    expect(await numbersOf(tensor)).toEqual([...expected.get(name)!.data]);
  },
);

test.each(["Q8_0", "Q4_0", "Q4_K", "Q6_K"] as const)(
  "%s stands for the numbers that the package makes of it, to the last bit",
  async (dtype) => {
    const tensor = (await openGGUF(all)).tensors.get(dtype.toLowerCase())!;
    expect(tensor.dtype).toBe(dtype);
    const found = toFloat32(await tensor.read(), dtype);
    expect([...found]).toEqual([...expected.get(tensor.name)!.data]);
    expect(() => toFloat32(new Uint8Array(33), dtype)).toThrow(/33 bytes are no whole number of Q/);
  },
);

test("Q8_0 is quantized as the package does it, to the last bit", async () => {
  const { tensors } = await openGGUF(all);
  const values = Float32Array.from(await numbersOf(tensors.get("values")!));
  expect(quantizeQ8_0(values)).toEqual(Uint8Array.from(await tensors.get("q8_0")!.read()));
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e9])("Q8_0 refuses %d", (x) => {
  const data = new Float32Array(64);
  data[40] = x;
  expect(() => quantizeQ8_0(data)).toThrow(/numbers 32 to 63 are not finite or too large/);
});

test("Q8_0 refuses what is no whole block", () => {
  expect(() => quantizeQ8_0(new Float32Array(33))).toThrow(/33 numbers are no whole blocks of 32/);
});

test("what is written is read back: all values, all tensors; and their order is kept", async () => {
  const { values, tensors } = await openGGUF(all);
  const target = blobTarget();
  const written: number[] = [];
  const onProgress = (done: number, total: number) => written.push(done / total);
  await writeGGUF(target, "copy.gguf", { values, tensors: [...tensors.values()], onProgress });
  const copy = await openGGUF(blobSource(target.files.get("copy.gguf")!));
  expect([...copy.values]).toEqual([...values]);
  expect([...copy.tensors.keys()]).toEqual([...tensors.keys()]);
  for (const [name, { dtype, shape, read }] of tensors) {
    const found = copy.tensors.get(name)!;
    expect([name, found.dtype, found.shape]).toEqual([name, dtype, shape]);
    expect(await found.read()).toEqual(await read());
  }
  expect(written.at(-1)).toBe(1);
  expect(written).toHaveLength(tensors.size);
});

test("the package's own file is written to the last byte", async () => {
  const { values, tensors } = await openGGUF(all);
  const target = blobTarget();
  await writeGGUF(target, "copy.gguf", { values, tensors: [...tensors.values()] });
  expect(await target.files.get("copy.gguf")!.bytes()).toEqual(Uint8Array.from(bytes));
});

test("another alignment is written and read", async () => {
  const values = new Map<string, GGUFValue>([["general.alignment", { type: "u32", value: 128 }]]);
  const tensor = (name: string, x: number): TensorToWrite => ({
    name,
    dtype: "F32",
    shape: [1],
    read: async () => new Uint8Array(Float32Array.of(x).buffer),
  });
  const target = blobTarget();
  await writeGGUF(target, "a.gguf", { values, tensors: [tensor("a", 1), tensor("b", 2)] });
  const file = target.files.get("a.gguf")!;
  expect(file.size % 128).toBe(0);
  const { tensors } = await openGGUF(blobSource(file));
  expect(await numbersOf(tensors.get("b")!)).toEqual([2]);
});

const f32 = (name: string, shape: number[], size: number): TensorToWrite => ({
  name,
  dtype: "F32",
  shape,
  read: async () => new Uint8Array(size),
});
const value = (v: GGUFValue) => new Map([["k", v]]);
test.each<[string, ReadonlyMap<string, GGUFValue>, TensorToWrite[], RegExp]>([
  ["a name twice", new Map(), [f32("x", [1], 4), f32("x", [1], 4)], /tensor x: is there twice/],
  ["too few bytes", new Map(), [f32("x", [2], 4)], /tensor x: expected 8 bytes, found 4/],
  ["a long name", new Map(), [f32("x".repeat(64), [1], 4)], /longer than 63 bytes/],
  ["five axes", new Map(), [f32("x", [1, 1, 1, 1, 1], 4)], /\(1, 1, 1, 1, 1\) is no shape of F32/],
  ["a broken block", new Map(), [{ ...f32("x", [2, 16], 34), dtype: "Q8_0" }], /multiple of 32/],
  ["a type it has not", new Map(), [{ ...f32("x", [2], 2), dtype: "U8" }], /GGUF has no U8; write/],
  ["a number too large", value({ type: "u8", value: 256 }), [], /k: 256 is not of type u8/],
  ["a fraction", value({ type: "i32[]", value: [1, 0.5] }), [], /k: 0.5 is not of type i32/],
])("writing %s is an error, and leaves nothing", async (_, values, tensors, message) => {
  const target = blobTarget();
  const error = await writeGGUF(target, "x.gguf", { values, tensors }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(message);
  expect(target.files.size).toBe(0);
});

/** The file with bytes changed from a place on: behind the first occurrence of `after`, or from the beginning. */
function changed(at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
}
/** Where what follows a text begins. */
function behind(text: string): number {
  const at = Buffer.from(bytes).indexOf(text);
  expect(at).toBeGreaterThan(0);
  return at + text.length;
}
const q4k = () => behind("q4_k") + 4; // two dims, type, offset
const huge = [255, 255, 255, 255, 255, 255, 255, 15];

test("version 2 is read: its layout is that of 3", async () => {
  const { tensors } = await openGGUF(bytesSource(changed(4, 2), "v2.gguf"));
  expect(tensors.size).toBe(expected.size);
});

test.each<[string, () => Uint8Array, RegExp]>([
  ["text", () => Buffer.from("hello, this is text"), /a\.gguf: byte 0: not a GGUF file/],
  ["an empty file", () => new Uint8Array(), /not a GGUF file/],
  ["version 1", () => changed(4, 1), /GGUF version 1; 2 and 3 are known/],
  ["a big-endian file", () => changed(4, 0, 0, 0, 3), /a big-endian GGUF file; convert/],
  ["2^60 tensors", () => changed(8, ...huge), /cut short: .* bytes are needed for 16 values and/],
  ["2^60 values", () => changed(16, ...huge), /cut short/],
  ["a key of 2^60 bytes", () => changed(24, ...huge), /cut short: 1152921504606847000 bytes/],
  [
    "an array of 2^60 strings",
    () => changed(behind("tokens") + 8, ...huge),
    /strings, \d+ are left/,
  ],
  ["an array of 2^60 numbers", () => changed(behind("scores") + 8, ...huge), /cut short/],
  ["an array of arrays", () => changed(behind("types") + 4, 9), /an array of arrays/],
  [
    "a value of type 13",
    () => changed(behind("bool"), 13),
    /a value of type 13; 0 to 12 are known/,
  ],
  ["a bool of 2", () => changed(behind("bool") + 4, 2), /a bool is neither 0 nor 1/],
  ["five axes", () => changed(q4k() - 4, 5), /tensor q4_k: 5 axes; 4 at most/],
  [
    "a type not supported",
    () => changed(q4k() + 16, 10),
    /tensor q4_k: Q2_K is not supported; F32,/,
  ],
  ["an unknown type", () => changed(q4k() + 16, 99), /tensor q4_k: type 99 is not supported/],
  ["a broken block", () => changed(q4k(), 8), /tensor q4_k: \(3, 264\) Q4_K: .* multiple of 256/],
  ["2^60 rows", () => changed(q4k() + 8, ...huge), /tensor q4_k: cut short/],
  [
    "an odd offset",
    () => changed(q4k() + 20, 1),
    /tensor q4_k: begins at byte \d+, not at a multiple/,
  ],
  ["an overlap", () => changed(q4k() + 20, 0, 0), /begins at byte 0, within the tensor before/],
  ["a key twice", () => changed(behind("u8") - 2, ...Buffer.from("i8")), /key i8 is there twice/],
  ["a tensor twice", () => changed(behind("q4_k") - 1, 48), /tensor q4_0 is there twice/],
  ["a cut", () => bytes.subarray(0, -200), /cut short: ends at byte/],
])("%s is an error", async (_, file, message) => {
  const error = await openGGUF(bytesSource(file(), "a.gguf")).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(message);
});

test("one part of several is an error that says how to join them", async () => {
  const target = blobTarget();
  const values = new Map<string, GGUFValue>([["split.count", { type: "u16", value: 3 }]]);
  await writeGGUF(target, "a.gguf", { values, tensors: [] });
  const opened = openGGUF(blobSource(target.files.get("a.gguf")!));
  await expect(opened).rejects.toThrow(/one of 3 parts of a model; join them/);
});
