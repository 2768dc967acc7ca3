import { expect, test } from "vitest";
import { brainOfBits, halfOfBits, halves } from "../src/half.ts";
import { pack, packedBytes, packedFormats, unpack } from "../src/index.ts";

const shorts = (words: Int32Array) => new Uint16Array(words.buffer);
const again = (format: (typeof packedFormats)[number], data: number[], columns = data.length) =>
  unpack(format, pack(format, data, data.length / columns, columns), columns);

test("every f16 and bf16, infinities and NaN with them, comes back as the bits it was", () => {
  const faults = (["f16", "bf16"] as const).flatMap((format) =>
    Array.from(new Uint32Array(halves(format).buffer), (bits, h) => ({ format, bits, h })).filter(
      ({ bits, h }) => (format === "f16" ? halfOfBits(bits) : brainOfBits(bits)) !== h,
    ),
  );
  expect(faults).toEqual([]);
});

test("f16 rounds to the nearest, and between two to the even one", () => {
  const cases: [x: number, bits: number][] = [
    [1, 0x3c00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [65519, 0x7bff],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2],
    [2 ** -14 - 2 ** -26, 0x0400],
    [-0, 0x8000],
  ];
  const { words } = pack(
    "f16",
    cases.map(([x]) => x),
    1,
    cases.length,
  );
  expect(Array.from(shorts(words)).slice(0, cases.length)).toEqual(cases.map(([, bits]) => bits));
});

test("bf16 rounds to the nearest, and between two to the even one", () => {
  const { words } = pack("bf16", [1 + 2 ** -8, 1 + 3 * 2 ** -8, -3], 1, 3);
  expect(Array.from(shorts(words)).slice(0, 4)).toEqual([0x3f80, 0x3f82, 0xc040, 0]);
});

test("int8 and int4 hold the extreme of each group of 32, and the others to half a step", () => {
  const data = Array.from({ length: 140 }, (_, i) => Math.sin(i + 1) * 10 ** Math.floor(i / 32));
  for (const [format, steps] of [
    ["int8", 127],
    ["int4", 8],
  ] as const) {
    const back = again(format, data, 70);
    for (const [i, x] of data.entries()) {
      const row = Math.floor(i / 70) * 70;
      const start = row + Math.floor((i % 70) / 32) * 32;
      const group = data.slice(start, Math.min(start + 32, row + 70)).map(Math.abs);
      const most = Math.max(...group);
      // The value opposite to the extreme of int4 is one step short of it.
      const allowed =
        (most / steps) * (format === "int4" && most - Math.abs(x) < most / 8 ? 1 : 0.5001);
      expect(Math.abs(back[i]! - x)).toBeLessThanOrEqual(
        Math.abs(x) === most ? 1e-6 * most : allowed,
      );
    }
  }
});

test("zeros stay zeros, and rows are whole groups", () => {
  for (const format of packedFormats) {
    expect(Array.from(again(format, [0, 0, 0, 0, 0, 0], 3), Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(pack(format, [], 0, 5).words.length).toBe(0);
    expect(unpack(format, pack(format, [], 2, 0), 0)).toEqual(new Float32Array(0));
  }
  expect(packedFormats.map((format) => packedBytes(format, [3, 33]))).toEqual([384, 384, 216, 120]);
});

test("what cannot be packed is an error that says where", () => {
  expect(() => pack("int8", [1, 2, 3], 2, 2)).toThrow("3 numbers do not fill the shape (2, 2)");
  expect(() => pack("int4", [1, 2, 3, Number.NaN], 2, 2)).toThrow("row 1, column 1 is NaN");
  expect(() => pack("bf16", [Infinity], 1, 1)).toThrow("row 0, column 0 is Infinity");
  expect(() => pack("f16", [0, 65520], 1, 2)).toThrow(
    "65520 in row 0, column 1 is too large for f16; use bf16, int8 or f32",
  );
});
