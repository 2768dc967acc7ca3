import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "@muladd/tensor";
import { expect, test } from "vitest";
import {
  blobFiles,
  blobTarget,
  type FileSet,
  type FileTarget,
  fromFloat32,
  nodeFiles,
  nodeTarget,
  openShards,
  openTensors,
  readSafetensors,
  type TensorToWrite,
  toFloat32,
  writeSafetensors,
  writeShards,
} from "../src/index.ts";
import { temporaryFolder } from "./folder.ts";

const INDEX = "model.safetensors.index.json";

/** A tensor of numbers n, n + 1, … */
function counted(name: string, length: number, n = 0): TensorToWrite {
  const data = Float32Array.from({ length }, (_, i) => n + i);
  return { name, dtype: "F32", shape: [length], read: async () => fromFloat32(data, "F32") };
}

const targets: Record<string, () => { target: FileTarget; files: () => FileSet }> = {
  "a folder": () => {
    const root = join(temporaryFolder(), "out");
    return { target: nodeTarget(root), files: () => nodeFiles(root) };
  },
  Blobs: () => {
    const target = blobTarget();
    return { target, files: () => blobFiles(target.files) };
  },
};

test.each(Object.entries(targets))("what fits one file is one file, in %s", async (_, make) => {
  const { target, files } = make();
  const tensors = [counted("b", 2), counted("a", 3)];
  expect(await writeShards(target, tensors, { maxShardBytes: 20 })).toEqual(["model.safetensors"]);
  expect(await files().list()).toEqual(["model.safetensors"]);
  const store = await openTensors(files());
  expect([...store.tensors.keys()]).toEqual(["a", "b"]);
  const b = await store.tensors.get("b")!.read();
  expect([...toFloat32(b, "F32")]).toEqual([0, 1]);
  await store.close();
});

test.each(Object.entries(targets))(
  "what does not is shards and an index, in %s",
  async (_, make) => {
    const { target, files } = make();
    // 8 + 12 bytes fit; 40 do not fit anywhere; 4 follow.
    const tensors = [counted("c", 2), counted("a", 3), counted("d", 10), counted("b", 1, 7)];
    const progress: number[][] = [];
    const paths = await writeShards(target, tensors, {
      maxShardBytes: 20,
      metadata: { made: "here" },
      onProgress: (...at) => progress.push(at),
    });
    const shards = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`);
    expect(paths).toEqual([...shards, INDEX]);
    expect(await files().list()).toEqual([...shards, INDEX]);
    expect(progress).toEqual([
      [12, 64],
      [20, 64],
      [60, 64],
      [64, 64],
    ]);
    const index = await files().open(INDEX);
    const text = new TextDecoder().decode(await index?.read(0, index.size));
    await index?.close();
    expect(JSON.parse(text)).toEqual({
      metadata: { total_parameters: 16, total_size: 64 },
      weight_map: { a: shards[0], b: shards[2], c: shards[0], d: shards[1] },
    });
    const store = await openTensors(files());
    expect(store.name).toBe(`${target.name}/${INDEX}`);
    expect([...store.tensors.keys()]).toEqual(["a", "c", "d", "b"]);
    expect(store.metadata).toEqual({ format: "pt", made: "here" });
    expect([...toFloat32(await store.tensors.get("b")!.read(), "F32")]).toEqual([7]);
    await store.close();
  },
);

test("a store is written in other shards, and is the same", async () => {
  const [first, second] = [blobTarget(), blobTarget()];
  await writeShards(first, [counted("a", 3), counted("b", 5)], { maxShardBytes: 12 });
  const store = await openTensors(blobFiles(first.files));
  await writeShards(second, store.tensors.values());
  const bytes = new Uint8Array(await second.files.get("model.safetensors")!.arrayBuffer());
  expect([...readSafetensors(bytes).tensors.get("b")!.data]).toEqual([0, 1, 2, 3, 4]);
});

test("tensors are asked for one at a time, when it is their turn", async () => {
  let [held, most] = [0, 0];
  const target: FileTarget = {
    name: "nowhere",
    write: async () => ({
      async append() {
        held = 0; // what was given has been written
      },
      async commit() {},
      async abort() {},
    }),
  };
  async function* tensors() {
    for (const name of ["a", "b", "c", "d"]) {
      const tensor = counted(name, 10);
      yield {
        ...tensor,
        read: () => {
          most = Math.max(most, ++held);
          return tensor.read();
        },
      };
    }
  }
  await writeShards(target, tensors(), { maxShardBytes: 80 });
  expect(most).toBe(1);
});

test.each(Object.entries(targets))("a failure leaves nothing behind, in %s", async (_, make) => {
  const { target, files } = make();
  await writeShards(target, [counted("old", 1)]);
  const broken = { ...counted("b", 3), read: () => Promise.reject(new Error("gone")) };
  const tensors = [counted("a", 3), broken];
  await expect(writeShards(target, tensors, { maxShardBytes: 12 })).rejects.toThrow("gone");
  expect(await files().list()).toEqual(["model.safetensors"]);
  const short = { ...counted("b", 3), read: async () => new Uint8Array(11) };
  await expect(writeShards(target, [counted("a", 3), short])).rejects.toThrow(
    `${target.name}: b: expected 12 bytes, found 11`,
  );
  expect(await files().list()).toEqual(["model.safetensors"]);
  const store = await openTensors(files());
  expect([...store.tensors.keys()]).toEqual(["old"]);
  await store.close();
});

test("a folder where a file cannot take its place keeps no temporary one", async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, "model.safetensors", "in the way"), { recursive: true });
  await expect(writeShards(nodeTarget(root), [counted("a", 1)])).rejects.toThrow(
    /EISDIR|ENOTEMPTY/,
  );
  expect(readdirSync(root)).toEqual(["model.safetensors"]);
});

test("the index is committed last", async () => {
  const commits: string[] = [];
  const target: FileTarget = {
    name: "nowhere",
    write: async (path) => ({
      async append() {
        expect(commits).toEqual([]);
      },
      async commit() {
        commits.push(path);
      },
      async abort() {},
    }),
  };
  await writeShards(target, [counted("a", 3), counted("b", 3)], { maxShardBytes: 12 });
  expect(commits.at(-1)).toBe(INDEX);
  expect(commits.length).toBe(3);
});

test.each<[string, readonly TensorToWrite[], string]>([
  ["two of a name", [counted("a", 1), counted("a", 2)], "there are two tensors named a"],
  ["a name of the format", [counted("__metadata__", 1)], "a tensor cannot be called __metadata__"],
  [
    "blocks of GGUF",
    [{ ...counted("a", 32), dtype: "Q8_0" }],
    "a is Q8_0, which the format does not have; write it as F32, F16 or BF16",
  ],
])("%s is not written", async (_, tensors, expected) => {
  const target = blobTarget();
  await expect(writeShards(target, tensors)).rejects.toThrow(FormatError);
  await expect(writeShards(target, tensors)).rejects.toThrow(expected);
  expect(target.files.size).toBe(0);
});

test.each([0, -1, Number.NaN])("shards of %d bytes are refused", async (maxShardBytes) => {
  await expect(writeShards(blobTarget(), [counted("a", 1)], { maxShardBytes })).rejects.toThrow(
    RangeError,
  );
});

test("a target takes no path that leaves it", async () => {
  const root = temporaryFolder();
  for (const target of [nodeTarget(join(root, "in")), blobTarget()])
    await expect(target.write("../out")).rejects.toThrow('"../out" is no name of a file');
  expect(existsSync(join(root, "out"))).toBe(false);
});

/** A folder of the shards `one` (tensor a) and `two` (tensor b), and an index. */
function shards(map: unknown): FileSet {
  const file = (name: string) =>
    writeSafetensors({
      tensors: new Map([[name, { shape: [1], data: Float32Array.of(1) }]]),
      metadata: {},
    });
  const index = typeof map === "string" ? map : JSON.stringify({ weight_map: map });
  return blobFiles(
    new Map([
      [INDEX, new Blob([index])],
      ["one", new Blob([file("a")])],
      ["two", new Blob([file("b")])],
      ["bad", new Blob(["bad"])],
    ]),
    "folder",
  );
}

test.each<[string, unknown, string]>([
  [
    "a missing shard",
    { a: "one", b: "two", c: "three", d: "three" },
    "three is missing, which holds 2 tensors; copy or download it too",
  ],
  [
    "a tensor that its shard lacks",
    { a: "one", b: "two", c: "two" },
    "c should be in two, which has no such tensor",
  ],
  [
    "a tensor that is not listed",
    { a: "one", c: "two" },
    "two holds b, which the index does not list",
  ],
  [
    "a tensor in another shard",
    { a: "two", b: "one" },
    "one holds a, which the index says is in two; the files are not of one model",
  ],
  [
    "a path that leaves the folder",
    { a: "../one" },
    '"../one" is no name of a file in this folder',
  ],
  ["a path that is no text", { a: 1 }, "weight_map: a: is 1, expected a file's name"],
  ["no map", undefined, "weight_map is absent, expected an object of file names by tensor"],
  ["a map that is a list", ["one"], 'weight_map is ["one"], expected an object'],
  ["text", "hello", "the index is not JSON ("],
  ["a number", "3", "the index is 3, expected an object"],
  ["a tensor twice", '{"weight_map":{"a":"one","a":"two"}}', 'the index has the key "a" twice'],
])("an index with %s is an error", async (_, map, expected) => {
  const opening = openShards(shards(map), INDEX);
  await expect(opening).rejects.toThrow(FormatError);
  await expect(opening).rejects.toThrow(expected);
  await expect(opening).rejects.toThrow(/^folder/);
});

test("when a shard cannot be opened, none stays open", async () => {
  const files = shards({ a: "one", x: "bad" });
  let open = 0;
  const counting: FileSet = {
    ...files,
    async open(path) {
      const source = await files.open(path);
      if (!source) return undefined;
      open++;
      return { ...source, close: async () => void open-- };
    },
  };
  await expect(openShards(counting, INDEX)).rejects.toThrow("folder/bad: not a safetensors file");
  expect(open).toBe(0);
});

test("shards lie beside their index", async () => {
  const files = shards({ a: "one", b: "two" });
  const inFolder: FileSet = {
    ...files,
    open: async (path) => (path.startsWith("sub/") ? files.open(path.slice(4)) : undefined),
  };
  const store = await openShards(inFolder, `sub/${INDEX}`);
  expect([...store.tensors.keys()]).toEqual(["a", "b"]);
});

test("a folder without tensors says what was looked for", async () => {
  const files = blobFiles(new Map([["config.json", new Blob(["{}"])]]), "folder");
  await expect(openTensors(files)).rejects.toThrow(
    "folder: no tensors: expected model.safetensors or model.safetensors.index.json",
  );
});

test("a file that was there before stays as it was until the new one is whole", async () => {
  const root = temporaryFolder();
  const path = join(root, "a");
  writeFileSync(path, "old");
  const writer = await nodeTarget(root).write("a");
  await writer.append(new TextEncoder().encode("new"));
  expect(readFileSync(path, "utf8")).toBe("old");
  await writer.commit();
  await writer.abort();
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(root)).toEqual(["a"]);
});
