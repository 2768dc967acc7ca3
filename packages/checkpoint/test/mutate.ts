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
 * Opens changed bytes and reads all tensors: each time either a FormatError, or as many bytes as shape and type say. Opening
 * reads no more than twice the file (and the 16 bytes that tell what it is), and no tensor is larger than the file. What is
 * not opened is closed. Answers whether it was opened.
 */
export async function openChanged(
  open: (source: ByteSource) => Promise<TensorStore>,
  bytes: Uint8Array,
  bytesOf: (dtype: string, numbers: number) => number,
): Promise<boolean> {
  let read = 0;
  let isOpen = true;
  const source: ByteSource = {
    name: "changed",
    size: bytes.length,
    async read(begin, end) {
      expect(0 <= begin && begin <= end && end <= bytes.length).toBe(true);
      read += end - begin;
      return bytes.subarray(begin, end);
    },
    async close() {
      isOpen = false;
    },
  };
  const opened = await open(source).catch(refused);
  expect(isOpen).toBe(opened !== undefined);
  expect(read).toBeLessThanOrEqual(2 * bytes.length + 16);
  for (const tensor of opened?.tensors.values() ?? []) {
    const { shape, dtype, byteLength } = tensor;
    const numbers = shape.reduce((product, d) => product * d, 1);
    expect(byteLength).toBe(bytesOf(dtype, numbers));
    expect(byteLength).toBeLessThanOrEqual(bytes.length);
    const found = await tensor.read().catch(refused);
    expect(found?.length ?? byteLength).toBe(byteLength);
  }
  return opened !== undefined;
}

function refused(error: unknown): undefined {
  if (!(error instanceof FormatError)) throw error;
}
