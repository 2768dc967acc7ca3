import { FormatError, type HostTensor } from "@muladd/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../src/index.ts";
import { raw } from "./raw.ts";

const file = (tensors: Record<string, HostTensor>, metadata: Record<string, string> = {}) =>
  writeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata });

const f32 = (shape: number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });

test("what is written is read back, to the last bit", () => {
  const dtype = fc.constantFrom(Float32Array, Int32Array);
  const tensor = fc
    .tuple(fc.array(fc.nat({ max: 4 }), { maxLength: 3 }), dtype, fc.integer())
    .map(([shape, Type, seed]): HostTensor => {
      const bits = Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
        Math.imul(seed + i, 0x9e3779b1),
      );
      return { shape, data: new Type(bits.buffer) };
    });
  const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((s) => !/^__/.test(s));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, tensor), { maxLength: 5 }),
      fc.dictionary(name, fc.string()),
      (entries, metadata) => {
        const tensors = new Map(entries);
        const read = readSafetensors(writeSafetensors({ tensors, metadata }));
        expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
        for (const [key, { shape, data }] of tensors) {
          const found = read.tensors.get(key)!;
          expect(found.shape).toEqual(shape);
          expect(found.data.constructor).toBe(data.constructor);
          const bits = (x: HostTensor["data"]) => [
            ...new Int32Array(x.buffer, x.byteOffset, x.length),
          ];
          expect(bits(found.data)).toEqual(bits(data));
        }
        expect(read.metadata).toEqual({ format: "pt", ...metadata });
      },
    ),
  );
});

test("equal contents give equal bytes, whatever the order", () => {
  const [a, b] = [f32([1], 1), f32([2], 2, 3)];
  expect(file({ a, b })).toEqual(file({ b, a }));
});

test("tensors begin at a multiple of 8 bytes", () => {
  for (const name of ["a", "ab", "abc", "abcd", "abcdefgh"]) {
    const bytes = file({ [name]: f32([1], 1) });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
  }
});

test("the layout is that of the format", () => {
  const bytes = file({ x: f32([1, 2], 1, -2) });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header).toEqual({
    __metadata__: { format: "pt" },
    x: { dtype: "F32", shape: [1, 2], data_offsets: [0, 8] },
  });
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 192]);
});

test("a file at an odd offset of a larger buffer is read", () => {
  const bytes = file({ x: f32([2], 5, 6) });
  const larger = new Uint8Array(bytes.length + 3);
  larger.set(bytes, 3);
  expect([...readSafetensors(larger.subarray(3)).tensors.get("x")!.data]).toEqual([5, 6]);
});

test("a tensor does not keep the whole file alive", () => {
  const bytes = file({ a: f32([1], 1), b: f32([1000], ...new Float32Array(1000)) });
  expect(readSafetensors(bytes).tensors.get("a")!.data.buffer.byteLength).toBe(4);
});

test("writing refuses numbers that do not fill the shape", () => {
  expect(() => file({ x: f32([3], 1, 2) })).toThrow(/x has 2 numbers for \(3\)/);
});

const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const good = file({ x: f32([2], 1, 2) });

test.each<[string, Uint8Array, RegExp]>([
  ["empty", new Uint8Array(0), /not a safetensors file: 0 bytes/],
  ["shorter than a length", good.subarray(0, 7), /not a safetensors file: 7 bytes/],
  ["text", new TextEncoder().encode("hello, this is text"), /not a safetensors file/],
  [
    "a PNG",
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0),
    /not a safetensors file/,
  ],
  [
    "cut in the header",
    good.subarray(0, 20),
    /cut short: the header needs \d+ bytes, the file has 20/,
  ],
  [
    "cut in the tensors",
    good.subarray(0, good.length - 1),
    /cut short: the tensors need 8 bytes, and 7 follow the header/,
  ],
  ["one with bytes left over", Uint8Array.of(...good, 0), /1 bytes are left over/],
  ["one whose header is not JSON", raw('{"x": '), /the header is not JSON \(/],
  ["one with an entry that is null", raw({ x: null }), /x: is null, expected \{ dtype/],
  [
    "one without offsets",
    raw({ x: { dtype: "F32", shape: [2] } }, 8),
    /x: data_offsets is absent, expected two/,
  ],
  [
    "one with a negative dimension",
    raw({ x: { ...entry, shape: [-2] } }, 8),
    /x: shape is \[-2\], expected whole numbers/,
  ],
  [
    "one with a fractional dimension",
    raw({ x: { ...entry, shape: [0.5] } }, 8),
    /x: shape is \[0.5\], expected whole numbers/,
  ],
  [
    "one with three offsets",
    raw({ x: { ...entry, data_offsets: [0, 4, 8] } }, 8),
    /x: data_offsets is \[0,4,8\], expected two/,
  ],
  [
    "one with half precision",
    raw({ x: { ...entry, dtype: "F16", shape: [4] } }, 8),
    /x: expected F32 or I32, found F16; openSafetensors/,
  ],
  [
    "one whose shape does not fill its bytes",
    raw({ x: { ...entry, shape: [3] } }, 8),
    /x: \(3\) F32 is 12 bytes, data_offsets 0 to 8 are 8/,
  ],
  [
    "one that begins with a hole",
    raw({ x: { ...entry, data_offsets: [4, 12] } }, 12),
    /x: begins at byte 4, expected 0: a hole/,
  ],
  [
    "one with an overlap",
    raw({ x: entry, y: { ...entry, data_offsets: [4, 12] } }, 12),
    /y: begins at byte 4, expected 8: an overlap/,
  ],
  [
    "one that ends before it begins",
    raw({ x: { dtype: "F32", shape: [0], data_offsets: [8, 4] } }, 8),
    /x: \(0\) F32 is 0 bytes, data_offsets 8 to 4 are -4/,
  ],
])("a file that is %s is a FormatError that says so", (_, bytes, expected) => {
  expect(() => readSafetensors(bytes, "model.safetensors")).toThrow(FormatError);
  expect(() => readSafetensors(bytes, "model.safetensors")).toThrow(expected);
  expect(() => readSafetensors(bytes, "model.safetensors")).toThrow(/^model\.safetensors: /);
});
