import { FormatError } from "@muladd/tensor";
import fc from "fast-check";
import { expect } from "vitest";
import type { ByteSource, TensorStore } from "../src/index.ts";

/** A change of bytes. */
type Mutation = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat();
const replaced = (bytes: Uint8Array, at: number, removed: number, ...parts: Uint8Array[]) =>
  Uint8Array.from(Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at + removed)]));

const flip = fc.tuple(place, fc.nat({ max: 7 })).map(
  ([at, bit]): Mutation =>
    (bytes) => {
      const copy = Uint8Array.from(bytes);
      if (copy.length) copy[at % copy.length]! ^= 1 << bit;
      return copy;
    },
);
const cut = place.map(
  (at): Mutation =>
    (bytes) =>
      bytes.slice(0, at % (bytes.length + 1)),
);
/** Bytes from elsewhere in the file, in place of others or between them. */
const splice = fc.tuple(place, place, fc.nat({ max: 40 }), fc.nat({ max: 40 }));
const spliced = splice.map(
  ([from, to, length, removed]): Mutation =>
    (bytes) => {
      const begin = from % (bytes.length + 1);
      const part = bytes.slice(begin, begin + length);
      return replaced(bytes, to % (bytes.length + 1), removed, part);
    },
);
/** Lengths and counts that overflow what believes them. */
const sizes = fc.constantFrom(
  0n,
  1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 60n,
  2n ** 64n - 1n,
);
const size = fc
  .tuple(place, sizes, fc.constantFrom(1, 2, 4, 8))
  .map(([at, value, width]): Mutation => {
    const written = new Uint8Array(BigUint64Array.of(value).buffer, 0, width);
    return (bytes) => replaced(bytes, at % (bytes.length + 1), width, written);
  });

/** One to four changes, one after the other; `texts` are put in where there are any. */
export function mutations(...texts: string[]): fc.Arbitrary<Mutation> {
  const inserted = fc.tuple(place, fc.constantFrom(...texts, ""), fc.nat({ max: 3 }));
  const insert = inserted.map(([at, text, removed]): Mutation => {
    const part = Uint8Array.from(Buffer.from(text, "latin1"));
    return (bytes) => replaced(bytes, at % (bytes.length + 1), removed, part);
  });
  const one = fc.oneof(flip, cut, spliced, size, insert);
  return fc
    .array(one, { minLength: 1, maxLength: 4 })
    .map((all) => (bytes) => all.reduce((changed, mutation) => mutation(changed), bytes));
}

/**
 * Opens changed bytes and reads all tensors: either it is a FormatError, or every tensor has as many bytes as its shape and
 * type say. Opening reads no more than twice the file, and no tensor is larger than it. Answers whether it was opened.
 */
export async function openChanged(
  open: (source: ByteSource) => Promise<TensorStore>,
  bytes: Uint8Array,
  bytesOf: (dtype: string, numbers: number) => number,
): Promise<boolean> {
  let read = 0;
  const source: ByteSource = {
    name: "changed",
    size: bytes.length,
    async read(begin, end) {
      expect(0 <= begin && begin <= end && end <= bytes.length).toBe(true);
      read += end - begin;
      return bytes.subarray(begin, end);
    },
    async close() {},
  };
  try {
    const store = await open(source);
    expect(read).toBeLessThanOrEqual(2 * bytes.length);
    for (const { shape, dtype, byteLength, read } of store.tensors.values()) {
      expect(byteLength).toBe(
        bytesOf(
          dtype,
          shape.reduce((a, b) => a * b, 1),
        ),
      );
      expect(byteLength).toBeLessThanOrEqual(bytes.length);
      expect((await read()).length).toBe(byteLength);
    }
    return true;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(read).toBeLessThanOrEqual(3 * bytes.length);
    return false;
  }
}
