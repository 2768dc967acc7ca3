import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@muladd/tensor";
import { expect, test, vi } from "vitest";
import {
  type ByteSource,
  blobFiles,
  blobSource,
  bytesSource,
  type FileSet,
  fileSource,
  nodeFiles,
  urlFiles,
} from "../src/index.ts";
import { temporaryFolder } from "./folder.ts";

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);

const sources: Record<string, () => ByteSource | Promise<ByteSource>> = {
  bytes: () => bytesSource(BYTES, "file"),
  Blob: () => blobSource(new Blob([BYTES]), "file"),
  file: () => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, BYTES);
    return fileSource(path, "file");
  },
};

test.each(Object.entries(sources))("a source of %s is read by range", async (_, make) => {
  const source = await make();
  expect(source.size).toBe(100);
  expect([...(await source.read(3, 6))]).toEqual([3, 4, 5]);
  expect([...(await source.read(99, 100))]).toEqual([99]);
  expect([...(await source.read(100, 100))]).toEqual([]);
  expect(await source.read(0, 100)).toEqual(BYTES);
  await expect(source.read(90, 101)).rejects.toThrow(
    "file: cut short: bytes 90 to 101 are needed, the file has 100",
  );
  for (const [begin, end] of [
    [-1, 3],
    [5, 4],
    [0.5, 2],
    [0, Number.NaN],
  ] as const)
    await expect(source.read(begin, end)).rejects.toThrow(/^file: bytes .* are not a range$/);
  await source.close();
});

test("memory is viewed, not copied", async () => {
  expect((await bytesSource(BYTES, "file").read(10, 20)).buffer).toBe(BYTES.buffer);
});

test("a file is called by its name, a Blob has none", async () => {
  expect(blobSource(new File([BYTES], "a.gguf")).name).toBe("a.gguf");
  expect(blobSource(new Blob([BYTES])).name).toBe("blob");
});

test("a file is read beyond 4 GiB", async () => {
  const path = join(temporaryFolder(), "large");
  const file = await open(path, "w");
  const at = 5 * 2 ** 30; // sparse: it takes no room
  await file.write(BYTES, 0, 100, at);
  await file.close();
  const source = await fileSource(path);
  expect(source.size).toBe(at + 100);
  expect([...(await source.read(at + 97, at + 100))]).toEqual([97, 98, 99]);
  expect([...(await source.read(at - 2, at + 2))]).toEqual([0, 0, 0, 1]);
  await source.close();
});

test("a file that shrinks while it is read is an error", async () => {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, BYTES);
  const source = await fileSource(path, "file");
  truncateSync(path, 40);
  await expect(source.read(30, 60)).rejects.toThrow(
    "file: cut short while it was read: expected 30 bytes at 30, found 10",
  );
  await source.close();
});

test("a folder is not a file, and a file that is not there says so", async () => {
  const folder = temporaryFolder();
  await expect(fileSource(folder, "models")).rejects.toThrow("models: not a file");
  await expect(fileSource(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("without Node, files by path say what to use", async () => {
  vi.stubGlobal("process", undefined);
  try {
    expect(() => nodeFiles("models")).toThrow(/need Node .*; in a browser use Blobs/);
    await expect(fileSource("a")).rejects.toThrow(/need Node/);
  } finally {
    vi.unstubAllGlobals();
  }
});

/** The same four files, each way. */
const sets: Record<string, () => FileSet> = {
  "a folder": () => {
    const root = join(temporaryFolder(), "snapshot");
    mkdirSync(join(root, "onnx", "deep"), { recursive: true });
    for (const path of ["config.json", "onnx/model.json", "onnx/deep/x"])
      writeFileSync(join(root, path), path);
    // As in Hugging Face's cache: the bytes lie outside of the snapshot.
    writeFileSync(join(root, "..", "blob"), "model.bin");
    symlinkSync(join("..", "blob"), join(root, "model.bin"));
    symlinkSync("nowhere", join(root, "dangling"));
    return nodeFiles(root);
  },
  "Blobs by path": () =>
    blobFiles(
      new Map(
        ["model.bin", "onnx/model.json", "config.json", "onnx/deep/x"].map((path) => [
          path,
          new Blob([path]),
        ]),
      ),
    ),
  "a chosen folder": () =>
    blobFiles(
      ["config.json", "onnx/model.json", "model.bin", "onnx/deep/x"].map((path) =>
        Object.assign(new File([path], path.split("/").at(-1)!), {
          webkitRelativePath: `snapshot/${path}`,
        }),
      ),
    ),
};

test.each(Object.entries(sets))("files in %s are listed and opened", async (_, make) => {
  const files = make();
  const paths = ["config.json", "model.bin", "onnx/deep/x", "onnx/model.json"];
  expect(await files.list()).toEqual(paths);
  for (const path of paths) {
    const source = await files.open(path);
    expect(new TextDecoder().decode(await source?.read(0, source.size))).toBe(path);
    expect(source?.name).toBe(`${files.name}/${path}`);
    await source?.close();
  }
  for (const path of ["none", "onnx", "config.json/x"])
    expect(await files.open(path)).toBeUndefined();
});

test.each([
  "../blob",
  "onnx/../../blob",
  "/etc/hosts",
  "..\\blob",
  "C:/x",
  "a\0b",
  "",
  "./config.json",
  "a//b",
])("the path %j leaves the folder, or could", async (path) => {
  const every = [...Object.values(sets).map((make) => make()), urlFiles("https://example.org")];
  for (const files of every) {
    const opening = files.open(path);
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(`${JSON.stringify(path)} is no name of a file`);
  }
});

test("files chosen one by one go by their names, which must differ", async () => {
  const files = blobFiles([new File(["1"], "a"), new File(["2"], "b")]);
  expect(await files.list()).toEqual(["a", "b"]);
  expect(() => blobFiles([new File(["1"], "a"), new File(["2"], "a")], "chosen")).toThrow(
    "chosen: two files are called a",
  );
});
