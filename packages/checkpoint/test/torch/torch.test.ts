import { FormatError } from "@muladd/tensor";
import { expect, test } from "vitest";
import { type ByteSource, bytesSource, openTorch } from "../../src/index.ts";
import { expectNumbers, fixture, numbersOf } from "../stored-numbers.ts";
import { join, openPickle, tensorPickle, u32, u64, zip } from "./archive.ts";

test.each(["plain.pt", "strided.pt", "checkpoint.pt", "legacy.bin"])(
  "torch-%s has torch's names, shapes and numbers",
  async (file) => {
    const store = await openTorch(fixture(`torch-${file}`));
    await expectNumbers(store, `torch-${file.replace(/\.\w+$/, ".safetensors")}`);
  },
);

test("protocol 5 gives what protocol 2 gives", async () => {
  const store = await openTorch(fixture("torch-protocol-5.pt"));
  await expectNumbers(store, "torch-checkpoint.safetensors");
  expect(store.metadata).toEqual((await openTorch(fixture("torch-checkpoint.pt"))).metadata);
});

test("dtypes are torch's", async () => {
  const { tensors } = await openTorch(fixture("torch-plain.pt"));
  const dtypes = Object.fromEntries([...tensors].map(([name, { dtype }]) => [name, dtype]));
  expect(dtypes).toEqual({
    float64: "F64",
    float32: "F32",
    bfloat16: "BF16",
    float16: "F16",
    int64: "I64",
    int32: "I32",
    int16: "I16",
    int8: "I8",
    uint8: "U8",
    uint16: "U16",
    uint32: "U32",
    uint64: "U64",
    bool: "BOOL",
  });
});

test("plain numbers, texts and truth values are metadata, by path", async () => {
  const { metadata } = await openTorch(fixture("torch-checkpoint.pt"));
  expect(metadata).toMatchObject({
    "model_args.n_layer": "2",
    "model_args.bias": "false",
    "model_args.dtype": "torch.bfloat16",
    "model_args.shape.1": "3",
    "optimizer.param_groups.0.lr": "0.001",
    iter_num: "1099511627776",
    best_val_loss: "1.5",
    note: "Größe",
    device: "cpu",
  });
  expect(metadata).not.toHaveProperty("nothing");
});

/** A source that keeps the ranges it was asked for. */
function watched(source: ByteSource) {
  const ranges: [number, number][] = [];
  const read: ByteSource["read"] = (begin, end) => {
    ranges.push([begin, end]);
    return source.read(begin, end);
  };
  return { ranges, source: { ...source, read } };
}

test("a contiguous tensor is read by range, and nothing of it before", async () => {
  const numbers = Float32Array.from({ length: 50_000 }, (_, i) => i);
  const storage = new Uint8Array(numbers.buffer);
  const bytes = zip({
    "m/data/0": storage,
    "m/data.pkl": join(tensorPickle(50_000, 10, [4990, 10], [10, 1])),
  });
  const { ranges, source } = watched(bytesSource(bytes, "m.pt"));
  const x = (await openTorch(source)).tensors.get("x")!;
  const opened = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0);
  expect(opened).toBeLessThan(70_000);
  ranges.length = 0;
  expect(await x.read(400, 440)).toEqual(storage.subarray(440, 480));
  expect(ranges.map(([begin, end]) => end - begin)).toContain(40);
  expect(Math.max(...ranges.map(([begin, end]) => end - begin))).toBeLessThan(500);
});

test("a range of a transposed tensor is that range of its numbers", async () => {
  const { tensors } = await openTorch(fixture("torch-strided.pt"));
  for (const name of ["transposed", "sliced", "column", "expanded"]) {
    const tensor = tensors.get(name)!;
    const whole = await tensor.read();
    for (let begin = 0; begin <= whole.length; begin += 3)
      for (let end = begin; end <= whole.length; end += 5)
        expect([name, begin, await tensor.read(begin, end)]).toEqual([
          name,
          begin,
          whole.slice(begin, end),
        ]);
    await expect(tensor.read(0, whole.length + 1)).rejects.toThrow(FormatError);
  }
});

test("zip64 is read", async () => {
  const bytes = zip(
    { "m/data.pkl": join(tensorPickle(2, 0, [2], [1])), "m/data/0": u32(0x3f800000, 0x40000000) },
    true,
  );
  const { tensors } = await openTorch(bytesSource(bytes, "m.pt"));
  expect(await numbersOf(tensors.get("x")!)).toEqual([1, 2]);
});

const four = { 0: new Uint8Array(16) };
test.each<[string, Parameters<typeof openPickle>, RegExp]>([
  [
    "offset beyond the storage",
    [tensorPickle(4, 3, [2], [1]), four],
    /m\.pt: tensor x: \(2\) F32 with strides \(1\) from 3 reaches number 5 of 4/,
  ],
  [
    "stride beyond the storage",
    [tensorPickle(4, 0, [2, 2], [3, 1]), four],
    /reaches number 5 of 4/,
  ],
  ["negative offset", [tensorPickle(4, -1, [2], [1]), four], /arguments that do not fit/],
  ["negative stride", [tensorPickle(4, 1, [2], [-1]), four], /arguments that do not fit/],
  ["sizes without strides", [tensorPickle(4, 0, [2], []), four], /_v2 with arguments that do not/],
  [
    "storage cut short",
    [tensorPickle(5, 0, [2], [1]), four],
    /storage 0 has 16 bytes, expected 20 for 5 of F32/,
  ],
  ["storage missing", [tensorPickle(4, 0, [2], [1])], /storage 0 has no bytes, expected 16/],
  [
    "expansion to 2^62 numbers",
    [tensorPickle(4, 0, [2 ** 31 - 1, 2 ** 31 - 1], [0, 0]), four],
    /x: .* expanded to more than the file; save it with \.contiguous\(\)/,
  ],
])("a tensor with %s is an error", async (_, pickle, message) => {
  await expectError(openPickle(...pickle), message);
});

test.each<[string, Uint8Array, RegExp]>([
  ["text", join("hello, this is text"), /m\.pt: not a file of torch\.save/],
  ["nothing", join(), /not a file of torch\.save/],
  ["another zip", zip({ "a.txt": join("a") }), /a zip archive with 0 data\.pkl/],
  [
    "a big-endian file",
    zip({ "m/data.pkl": join("N."), "m/byteorder": join("big") }),
    /m\/byteorder is not "little"/,
  ],
  ["a zip cut short", zip({ "m/data.pkl": join("N.") }).subarray(0, -1), /without its directory/],
])("%s is an error", async (_, bytes, message) => {
  await expectError(openTorch(bytesSource(bytes, "m.pt")), message);
});

async function expectError(opened: Promise<unknown>, message: RegExp) {
  const error = await opened.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(message);
}

const shell = (module: string) => `\x80\x02c${module}\nsystem\nX\x08\0\0\0touch /x\x85R.`;
test.each<[string, string | Uint8Array, RegExp]>([
  ["os.system", shell("os"), /asks for os\.system, .*nothing of it was run.*state_dict/],
  ["posix.system", shell("posix"), /asks for posix\.system/],
  ["eval, by the stack", "\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", /asks for builtins\.eval/],
  ["a class, as Python 2 wrote it", "(imymodule\nModel\n.", /asks for mymodule\.Model/],
  ["an instance", "\x80\x02ccollections\nOrderedDict\n)\x81.", /opcode 0x81/],
  ["what is not a prototype's own", "\x80\x02cconstructor\nprototype\n.", /asks for constructor\./],
  [
    "a call of a class of storages",
    "\x80\x02ctorch\nFloatStorage\n)R.",
    /calls torch\.FloatStorage/,
  ],
  ["a call of a number", "K\x01)R.", /calls what is not a function/],
  ["a text of 2^60 bytes", join("\x8d", u64(2 ** 60), "."), /cut short: 1152921504606847000 bytes/],
  ["bytes of 2^32", join("B", u32(2 ** 32 - 1), "."), /cut short: 4294967295 bytes/],
  ["a million marks", "(".repeat(1e6), /nested deeper than 1000/],
  ["a million nested lists", `${"]".repeat(1e6)}${"a".repeat(1e6 - 1)}.`, /unfold to more than/],
  ["two million dicts", "}".repeat(2e6), /more than 1000000 containers/],
  [
    "a set made a hundred times of one list",
    `c__builtin__\nset\nq\0]q\x01(${Array.from({ length: 60_000 }, (_, i) => `M${String.fromCharCode(i & 255, i >> 8)}`).join("")}e\x85q\x020${"h\0h\x02R0".repeat(100)}.`,
    /more than 1000000 containers/,
  ],
  ["a list that holds itself", "]q\0h\0a.", /hold themselves/],
  ["a dict that holds itself", "}q\0K\x01h\0s.", /hold themselves/],
  [
    "a million laughs",
    `]K\x01a${"q\0]h\0ah\0a".repeat(60)}.`,
    /unfold to more than twice the file/,
  ],
  ["an end before STOP", "\x80\x02}", /cut short/],
  ["a name without its end", "\x80\x02ctorch", /cut short/],
  ["pops of nothing", "\x80\x020.", /an empty stack/],
  ["a pop below a mark", "N(0.", /an empty stack/],
  ["a tuple without a mark", "t.", /a mark that it did not set/],
  ["a key without a value", "}(K\x01u.", /a key without a value/],
  ["items of a number", "K\x01K\x02K\x03s.", /fills a dict that is none/],
  ["a memo never kept", "h\x05.", /recalls value 5/],
  ["storage of another kind", "K\x01Q.", /is not \("storage"/],
])("a pickle with %s is an error", async (_, pickle, message) => {
  await expectError(openPickle(pickle), message);
});

test("a pickle of what is no tensor is an empty store", async () => {
  const { tensors, metadata } = await openPickle("\x80\x02}X\x09\0\0\0__proto__K\x05s.");
  expect(tensors.size).toBe(0);
  expect(Object.entries(metadata)).toEqual([["__proto__", "5"]]);
});
