import { FormatError } from "@muladd/tensor";
import { expect, test } from "vitest";
import { blobFiles, openTensors } from "../src/index.ts";
import { fixture } from "./stored-numbers.ts";

async function folder(files: Readonly<Record<string, string>>) {
  const blobs = Object.entries(files).map(async ([path, name]) => {
    const source = fixture(name);
    return [path, new Blob([Uint8Array.from(await source.read(0, source.size))])] as const;
  });
  return blobFiles(new Map(await Promise.all(blobs)));
}

test.each([
  ["model.safetensors", "torch-strided.safetensors", "torch-strided.safetensors"],
  ["pytorch_model.bin", "torch-strided.pt", "torch-strided.safetensors"],
  ["tiny-Q8_0.gguf", "all.gguf", "all.gguf.safetensors"],
])("%s is found in a folder, and opened as what it is", async (path, file, same) => {
  const store = await openTensors(await folder({ [path]: file, "config.json": same }));
  const expected = await openTensors(await folder({ "model.safetensors": same }));
  expect([...store.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
});

test("safetensors go before what else is there", async () => {
  const all = { "model.safetensors": "dtypes.safetensors", "pytorch_model.bin": "all.gguf" };
  const store = await openTensors(await folder(all));
  expect(store.name).toContain("model.safetensors");
});

test.each<[Readonly<Record<string, string>>, RegExp]>([
  [{}, /no tensors: expected model\.safetensors or .*pytorch_model\.bin.*, or a \.gguf/],
  [{ "a.gguf": "all.gguf", "b.gguf": "all.gguf" }, /a\.gguf, b\.gguf: several models; open one/],
  [{ "deep/a.gguf": "all.gguf" }, /no tensors/],
])("a folder of %o is an error", async (files, message) => {
  const error = await openTensors(await folder(files)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(message);
});
