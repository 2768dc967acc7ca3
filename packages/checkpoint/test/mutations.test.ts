import { FormatError } from "@muladd/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ByteSource,
  bytesSource,
  openSafetensors,
  readSafetensors,
  type StoredType,
  writeSafetensors,
} from "../src/index.ts";
import { raw } from "./raw.ts";

/** Bytes of a number, written down anew. */
const BYTES: Partial<Record<StoredType, number>> = {
  ...{ F64: 8, I64: 8, U64: 8, F32: 4, I32: 4, U32: 4, F16: 2, BF16: 2, I16: 2, U16: 2 },
  ...{ I8: 1, U8: 1, BOOL: 1 },
};

const files = [
  writeSafetensors({
    tensors: new Map([
      ["blocks.0.weight", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["blocks.0.bias", { shape: [3], data: Float32Array.of(7, 8, 9) }],
      ["ids", { shape: [2], data: Int32Array.of(10, 11) }],
    ]),
    metadata: { step: "3" },
  }),
  raw(
    {
      a: { dtype: "BF16", shape: [2, 2], data_offsets: [8, 16] },
      b: { dtype: "I64", shape: [], data_offsets: [0, 8] },
      c: { dtype: "BOOL", shape: [0, 4], data_offsets: [16, 16] },
      d: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    },
    Uint8Array.from({ length: 19 }, (_, i) => i),
  ),
];

const TOKENS = [
  ...["{", "}", "[", "]", ",", ":", '"', "\\", " ", "0", "-1", "1.5", "1e99", "null", "true"],
  ...["9007199254740993", "4294967296", '"F32"', '"F64"', '"F8_E4M3"', '"shape"', '"dtype"'],
  ...['"data_offsets"', '"__metadata__"', '"__proto__"', '"ids":{}', "[0,4]", "\u{1f600}", "\0"],
];

const number = /\d+/g;
const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const index = (where: number, length: number) => Math.floor(where * length);

type Mutation = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** The header's text changed, and the length with it, so that what is inside is what is tried. */
const inHeader =
  (change: (json: string) => string): Mutation =>
  (bytes) => {
    if (bytes.length < 8) return bytes;
    const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    if (end > bytes.length) return bytes;
    const json = new TextDecoder().decode(bytes.subarray(8, end));
    return raw(change(json), bytes.subarray(end));
  };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, fc.nat({ max: 7 })).map(
    ([where, bit]): Mutation =>
      (bytes) => {
        const changed = bytes.slice();
        if (changed.length) changed[index(where, changed.length)]! ^= 1 << bit;
        return changed;
      },
  ),
  at.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(0, index(where, bytes.length + 1)),
  ),
  fc.uint8Array({ maxLength: 9 }).map(
    (more): Mutation =>
      (bytes) =>
        Uint8Array.of(...bytes, ...more),
  ),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map(
    (length): Mutation =>
      (bytes) => {
        const changed = bytes.slice();
        changed.set(length.subarray(0, changed.length));
        return changed;
      },
  ),
  // The header of one file before the body of another.
  fc.nat({ max: 1 }).map(
    (which): Mutation =>
      (bytes) => {
        const other = files[which]!;
        const end = 8 + Number(new DataView(other.buffer).getBigUint64(0, true));
        return Uint8Array.of(...other.subarray(0, end), ...bytes.subarray(-35));
      },
  ),
  fc.tuple(at, at, fc.constantFrom("", ...TOKENS)).map(([from, length, token]) =>
    inHeader((json) => {
      const begin = index(from, json.length + 1);
      return json.slice(0, begin) + token + json.slice(begin + index(length, 6));
    }),
  ),
  fc
    .tuple(at, fc.constantFrom(0, 1, -1, 2, 3, 4, 8, 16, 2 ** 31, 2 ** 53, 1e300))
    .map(([where, to]) =>
      inHeader((json) => {
        const all = [...json.matchAll(number)];
        const match = all[index(where, all.length)];
        if (!match) return json;
        return json.slice(0, match.index) + to + json.slice(match.index + match[0].length);
      }),
    ),
  // A piece twice, which may be a whole entry.
  fc.tuple(at, at).map(([from, to]) =>
    inHeader((json) => {
      const [begin, end] = [index(from, json.length), index(to, json.length)];
      return json.slice(0, end) + json.slice(begin);
    }),
  ),
);

/** A source that counts the bytes it hands out, each time as a copy. */
function counting(bytes: Uint8Array) {
  const inner = bytesSource(bytes, "mutant");
  const count = { bytes: 0 };
  const source: ByteSource = {
    ...inner,
    async read(begin, end) {
      const read = (await inner.read(begin, end)).slice();
      count.bytes += read.length;
      return read;
    },
  };
  return { source, count };
}

test("of 10,000 damaged files each is an error or exactly its bytes, and nothing is read twice", async () => {
  const seen = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(mutation, { minLength: 1, maxLength: 2 }),
      async (file, mutations) => {
        const bytes = mutations.reduce((changed, mutate) => mutate(changed), file);
        const { source, count } = counting(bytes);
        try {
          const store = await openSafetensors(source);
          const parts: Uint8Array[] = [];
          for (const [name, { dtype, shape, byteLength, read }] of store.tensors) {
            expect(typeof name).toBe("string");
            expect(byteLength).toBe(shape.reduce((a, b) => a * b, 1) * BYTES[dtype]!);
            parts.push(await read());
            expect(parts.at(-1)!.length).toBe(byteLength);
          }
          for (const text of Object.values(store.metadata)) expect(typeof text).toBe("string");
          // One after the other they are the file after its header, without a hole or a rest.
          const body = parts.flatMap((part) => [...part]);
          const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
          expect(body).toEqual([...bytes.subarray(start)]);
          seen.read++;
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          seen.refused++;
        }
        expect(count.bytes).toBeLessThanOrEqual(bytes.length);
        try {
          readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      },
    ),
    { numRuns: 10_000, seed: 11 },
  );
  // Both happen often, so both are tested.
  expect(seen.read).toBeGreaterThan(1000);
  expect(seen.refused).toBeGreaterThan(5000);
}, 60_000);
