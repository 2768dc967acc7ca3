import { readFileSync } from "node:fs";
import { FormatError } from "@muladd/tensor";
import { expect, test } from "vitest";
import {
  type ByteSource,
  blobTarget,
  bytesSource,
  fromFloat32,
  openSafetensors,
  toFloat32,
  writeShards,
} from "../src/index.ts";
import { raw } from "./raw.ts";

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const PYTHON = fixture("dtypes.safetensors");
/** By name, float32 in bits, as PyTorch converts it. */
const BITS: Record<string, number[]> = JSON.parse(fixture("dtypes.json").toString());

/** A source that counts what is read, and whether it was closed. */
function watched(bytes: Uint8Array, name = "model.safetensors") {
  const inner = bytesSource(bytes, name);
  const seen = { reads: [] as (readonly [number, number])[], closed: 0 };
  const source: ByteSource = {
    ...inner,
    read(begin, end) {
      seen.reads.push([begin, end]);
      return inner.read(begin, end);
    },
    async close() {
      seen.closed++;
    },
  };
  return { source, seen };
}

test("every dtype of a file by Python is read as PyTorch reads it", async () => {
  const store = await openSafetensors(bytesSource(PYTHON, "dtypes"));
  expect([...store.tensors.keys()].sort()).toEqual(Object.keys(BITS).sort());
  for (const [name, { dtype, shape, byteLength, read }] of store.tensors) {
    const bytes = await read();
    expect(bytes.length).toBe(byteLength);
    const expected = new Float32Array(Uint32Array.from(BITS[name]!).buffer);
    expect(toFloat32(bytes, dtype), name).toEqual(expected);
    expect(shape.reduce((a, b) => a * b, 1)).toBe(expected.length);
  }
  expect(store.tensors.get("f16")?.shape).toEqual([12, 1]);
  expect(store.metadata).toEqual({ format: "pt" });
});

test("what PyTorch rounds to F16 and BF16 is rounded alike", async () => {
  const { tensors } = await openSafetensors(bytesSource(PYTHON, "dtypes"));
  const numbers = toFloat32(await tensors.get("f32")!.read(), "F32").subarray(0, 11); // without NaN
  for (const dtype of ["F16", "BF16"] as const) {
    const stored = await tensors.get(dtype.toLowerCase())!.read(0, 22);
    expect([...fromFloat32(numbers, dtype)]).toEqual([...stored]);
  }
});

test("a file by Python is written again to the byte", async () => {
  const { tensors, metadata } = await openSafetensors(bytesSource(PYTHON, "dtypes"));
  const target = blobTarget();
  await writeShards(target, [...tensors.values()].reverse(), { metadata });
  const written = await target.files.get("model.safetensors")!.arrayBuffer();
  expect([...new Uint8Array(written)]).toEqual([...PYTHON]);
});

test("only the header is read, then each tensor or a part of it", async () => {
  const { source, seen } = watched(PYTHON);
  const store = await openSafetensors(source);
  const header = Number(PYTHON.readBigUInt64LE());
  expect(seen.reads).toEqual([
    [0, 8],
    [8, 8 + header],
  ]);
  const i32 = store.tensors.get("i32")!;
  const part = await i32.read(8, 16);
  expect(part).toEqual((await i32.read()).subarray(8, 16));
  expect(seen.reads.at(-2)).toEqual(
    seen.reads.at(-1)!.map((_, i) => seen.reads.at(-1)![0] + 8 + 8 * i),
  );
  await expect(i32.read(0, 25)).rejects.toThrow(
    "model.safetensors: i32: cut short: bytes 0 to 25 are needed, the file has 24",
  );
  expect(seen.closed).toBe(0);
  await store.close();
  expect(seen.closed).toBe(1);
});

test("a file without tensors is a file", async () => {
  expect((await openSafetensors(bytesSource(raw({}), "a"))).tensors.size).toBe(0);
});

/** A file whose first 8 bytes say that its header has so many. */
function long(length: bigint): Uint8Array {
  const bytes = raw({}, 100);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const x = JSON.stringify(entry);

test.each<[string, Uint8Array, string]>([
  [
    "a header of 100 GB",
    long(100_000_000_000n),
    "its header would have 100000000000 bytes, at most 100000000 are allowed",
  ],
  ["a header of 2^64 - 1 bytes", long(2n ** 64n - 1n), "would have 18446744073709551615 bytes"],
  [
    "a header larger than the file",
    long(100_000_000n),
    "cut short: the header needs 100000008 bytes, the file has 110",
  ],
  ["no header", long(0n), "the header begins with byte undefined, expected 123"],
  ["a space first", raw(" {}"), "the header begins with byte 32, expected 123, a {"],
  ["text that is not UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 123]), "not JSON ("],
  ["bad UTF-8", Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 123, 34, 255, 34), "not JSON (not UTF-8)"],
  ["a tensor twice", raw(`{"x":${x},"x":${x}}`, 8), 'the header has the key "x" twice'],
  [
    "a tensor twice, spelled differently",
    raw(`{"x":${x}, "\\u0078" :${x}}`, 8),
    'the header has the key "x" twice',
  ],
  [
    "a dtype twice",
    raw('{"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8),
    'the header has the key "dtype" twice',
  ],
  [
    "metadata that is no text",
    raw({ __metadata__: { step: 3 } }),
    '__metadata__ is {"step":3}, expected an object of strings',
  ],
  ["metadata that is a list", raw({ __metadata__: ["a"] }), '__metadata__ is ["a"], expected'],
  [
    "FP8",
    raw({ x: { dtype: "F8_E4M3", shape: [8], data_offsets: [0, 8] } }, 8),
    'x: dtype "F8_E4M3" is not supported, U64 I64',
  ],
  [
    "blocks of GGUF",
    raw({ x: { dtype: "Q8_0", shape: [8], data_offsets: [0, 8] } }, 8),
    'x: dtype "Q8_0" is not supported',
  ],
  ["a dtype of every object", raw({ x: { ...entry, dtype: "toString" } }, 8), 'dtype "toString"'],
  ["no dtype", raw({ x: { ...entry, dtype: undefined } }, 8), "x: dtype absent is not supported"],
  [
    "an unsafe dimension",
    raw(`{"x":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]}}`, 8),
    "x: shape is [9007199254740992], expected whole numbers from 0 to 2^53 - 1",
  ],
  [
    "unsafe offsets",
    raw(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,1e300]}}`, 8),
    "x: data_offsets is [0,1e+300], expected two whole numbers",
  ],
  [
    "a shape as text",
    raw({ x: { ...entry, shape: "2" } }, 8),
    'x: shape is "2", expected whole numbers',
  ],
  [
    "a product beyond all numbers",
    raw({ x: { ...entry, shape: new Array(30).fill(2 ** 52) } }, 8),
    "F32 is Infinity bytes",
  ],
  [
    "a product of nothing and infinity",
    raw({ x: { dtype: "F32", shape: [...new Array(30).fill(2 ** 52), 0], data_offsets: [0, 0] } }),
    "F32 is NaN bytes",
  ],
  [
    "tensors beyond the file",
    raw({ x: { dtype: "F32", shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }, 8),
    "cut short: the tensors need 4398046511104 bytes, and 8 follow the header; copy or download it again",
  ],
])("%s is an error that says what was expected and found", async (_, bytes, expected) => {
  const { source, seen } = watched(bytes);
  const opening = openSafetensors(source);
  await expect(opening).rejects.toThrow(FormatError);
  await expect(opening).rejects.toThrow(expected);
  await expect(opening).rejects.toThrow(/^model\.safetensors: /);
  expect(seen.closed).toBe(1);
});

test("keys may look like what is around them", async () => {
  const name = '"}{,:\\"x\\';
  const store = await openSafetensors(
    bytesSource(
      raw(
        {
          __metadata__: { x: '{"x":1,"x":2}' },
          [name]: entry,
          x: { ...entry, shape: [0], data_offsets: [0, 0] },
        },
        8,
      ),
      "a",
    ),
  );
  expect([...store.tensors.keys()]).toEqual(["x", name]);
});

test("names of every object are names", async () => {
  const bytes = raw(`{"__proto__":${x},"__metadata__":{"__proto__":"a","constructor":"b"}}`, 8);
  const store = await openSafetensors(bytesSource(bytes, "a"));
  expect(store.tensors.get("__proto__")?.shape).toEqual([2]);
  expect(store.metadata.constructor).toBe("b");
});
