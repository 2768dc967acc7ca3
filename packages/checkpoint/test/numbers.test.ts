import { FormatError } from "@muladd/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromFloat32, type StoredType, toFloat32 } from "../src/index.ts";

const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);
const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray) =>
  new Uint8Array(buffer, byteOffset, byteLength);
const bitsOf = (numbers: Float32Array) => new Uint32Array(numbers.buffer, numbers.byteOffset);

/** What a half of so many bits of exponent and mantissa stands for, by the definition. */
function halfValue(bits: number, exponents: number, mantissas: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> mantissas) & (2 ** exponents - 1);
  const fraction = (bits & (2 ** mantissas - 1)) / 2 ** mantissas;
  const bias = 2 ** (exponents - 1) - 1;
  if (exponent === 2 ** exponents - 1)
    return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

const halves = [
  ["F16", 5, 10],
  ["BF16", 8, 7],
] as const;

test.each(halves)("every %s is widened exactly", (dtype, exponents, mantissas) => {
  const expected = Float32Array.from(ALL, (bits) => halfValue(bits, exponents, mantissas));
  expect(toFloat32(bytesOf(ALL), dtype)).toEqual(expected);
});

test.each(halves)("every %s is itself again, NaN with its payload", (dtype) => {
  expect(fromFloat32(toFloat32(bytesOf(ALL), dtype), dtype)).toEqual(bytesOf(ALL));
});

test.each(halves)("float32 becomes the nearest %s, ties to even", (dtype, exponents, mantissas) => {
  const anything = fc.integer({ min: 0, max: 0xffffffff });
  // Between two halves, at the middle and beside it, where mistakes are.
  const middles = fc
    .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: -1, max: 1 }))
    .map(([bits, off]) => {
      const [low] = bitsOf(toFloat32(bytesOf(Uint16Array.of(bits)), dtype));
      const [high] = bitsOf(toFloat32(bytesOf(Uint16Array.of(bits + 1)), dtype));
      return Math.trunc((low! + high!) / 2) + off;
    });
  const beyond = 2 ** (2 ** (exponents - 1)); // where the next number would be, were it not infinity
  const distance = (x: number, half: number) => {
    const value = halfValue(half, exponents, mantissas);
    return Math.abs(x - (Number.isFinite(value) ? value : Math.sign(value) * beyond));
  };
  fc.assert(
    fc.property(fc.oneof(anything, middles), (bits) => {
      const data = new Float32Array(Uint32Array.of(bits).buffer);
      const x = data[0]!;
      const found = new Uint16Array(fromFloat32(data, dtype).buffer)[0]!;
      const value = halfValue(found, exponents, mantissas);
      if (Number.isNaN(x)) {
        expect(value).toBeNaN();
        return;
      }
      expect(found >>> 15).toBe(bits >>> 31);
      if (!Number.isFinite(x)) {
        expect(value).toBe(x);
        return;
      }
      for (const other of [found - 1, found + 1]) {
        if (other >>> 15 !== found >>> 15) continue; // of the other sign
        if (Number.isNaN(halfValue(other, exponents, mantissas))) continue;
        const [here, there] = [distance(x, found), distance(x, other)];
        expect(here).toBeLessThanOrEqual(there);
        if (here === there) expect(found & 1).toBe(0);
      }
    }),
    { numRuns: 20_000, seed: 7 },
  );
});

test("F16 ends at 65504", () => {
  const data = Float32Array.of(65504, 65519.996, 65520, -65520, 1e30, 2 ** -25, 2 ** -25 * 1.001);
  const inf = Number.POSITIVE_INFINITY;
  expect([...toFloat32(fromFloat32(data, "F16"), "F16")]).toEqual([
    65504,
    65504,
    inf,
    -inf,
    inf,
    0,
    2 ** -24,
  ]);
});

test.each<[StoredType, NodeJS.TypedArray, number[]]>([
  ["F64", Float64Array.of(0.1, 1e300, -1e-300), [Math.fround(0.1), Number.POSITIVE_INFINITY, -0]],
  ["F32", Float32Array.of(0.5, -0), [0.5, -0]],
  ["I64", BigInt64Array.of(-3n, 2n ** 62n), [-3, 2 ** 62]],
  ["U64", BigUint64Array.of(2n ** 64n - 1n), [2 ** 64]],
  ["I32", Int32Array.of(-5, 2 ** 31 - 1), [-5, 2 ** 31]],
  ["U32", Uint32Array.of(5, 2 ** 32 - 1), [5, 2 ** 32]],
  ["I16", Int16Array.of(-300), [-300]],
  ["U16", Uint16Array.of(65535), [65535]],
  ["I8", Int8Array.of(-128, 127), [-128, 127]],
  ["U8", Uint8Array.of(255, 0), [255, 0]],
  ["BOOL", Uint8Array.of(0, 1, 7), [0, 1, 1]],
  ["F16", Uint16Array.of(0x3c00), [1]],
  ["BF16", Uint16Array.of(0x3f80), [1]],
])("%s is widened, from anywhere in memory, into memory of its own", (dtype, stored, expected) => {
  const bytes = bytesOf(stored);
  for (let offset = 0; offset < 9; offset++) {
    const larger = new Uint8Array(bytes.length + offset + 3);
    larger.set(bytes, offset);
    const found = toFloat32(larger.subarray(offset, offset + bytes.length), dtype);
    expect([...found]).toEqual(expected);
    expect(found.buffer).not.toBe(larger.buffer);
    expect(found.buffer.byteLength).toBe(4 * expected.length);
  }
});

test("bytes that are no whole number of numbers are an error", () => {
  expect(() => toFloat32(new Uint8Array(7), "F32")).toThrow(FormatError);
  expect(() => toFloat32(new Uint8Array(7), "F32")).toThrow("7 bytes are no whole number of F32");
});

test("F32 is written as it is, of a part of a larger array too", () => {
  const data = Float32Array.of(1, 2, 3);
  expect(fromFloat32(data.subarray(1), "F32")).toEqual(bytesOf(Float32Array.of(2, 3)));
  expect(fromFloat32(data.subarray(1), "BF16")).toEqual(bytesOf(Uint16Array.of(0x4000, 0x4040)));
});
