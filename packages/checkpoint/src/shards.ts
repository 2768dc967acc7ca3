import { FormatError } from "@muladd/tensor";
import { excerpt, isObject, parseObject } from "./safetensors/json.ts";
import { openSafetensors } from "./safetensors/open.ts";
import type { ByteSource, FileSet } from "./source.ts";
import type { StoredTensor, TensorStore } from "./stored.ts";

/** The most that an index is read of: a hundred times what the largest models need. */
const MAX_INDEX = 100_000_000;

/**
 * Opens a model in several files by its index (`model.safetensors.index.json`), whose `weight_map` says which file holds each
 * tensor; paths in it begin at the index. `open` opens one. Throws FormatError when a file is missing, when the index and
 * the files do not name the same tensors, and for a path that leaves the folder; nothing then stays open.
 */
export async function openShards(
  files: FileSet,
  index: string,
  open: (source: ByteSource) => Promise<TensorStore> = openSafetensors,
): Promise<TensorStore> {
  const name = `${files.name}/${index}`;
  const fileOf = await readIndex(files, index, name);
  const folder = index.slice(0, index.lastIndexOf("/") + 1);
  const stores = new Map<string, TensorStore>();
  const close = async () => {
    await Promise.all([...stores.values()].map((store) => store.close()));
  };
  try {
    for (const file of [...new Set(fileOf.values())].sort()) {
      const source = await files.open(folder + file);
      if (!source)
        throw new FormatError(
          `${name}: ${file} is missing, which holds ${count(fileOf, file)} tensors; copy or download it too`,
        );
      stores.set(file, await open(source));
    }
    const tensors = joined(name, fileOf, stores);
    const metadata = Object.assign({}, ...[...stores.values()].map((store) => store.metadata));
    return { name, tensors, metadata, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const count = (fileOf: ReadonlyMap<string, string>, file: string): number =>
  [...fileOf.values()].filter((other) => other === file).length;

/** Each tensor's file. */
async function readIndex(
  files: FileSet,
  index: string,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const source = await files.open(index);
  if (!source) throw new FormatError(`${name}: there is no such file`);
  try {
    if (source.size > MAX_INDEX)
      throw new FormatError(`${name}: ${source.size} bytes, an index has at most ${MAX_INDEX}`);
    const { weight_map: map } = parseObject(await source.read(0, source.size), name, "the index");
    if (!isObject(map))
      throw new FormatError(
        `${name}: weight_map is ${excerpt(map)}, expected an object of file names by tensor`,
      );
    return new Map(
      Object.entries(map).map(([tensor, file]) => {
        if (typeof file === "string") return [tensor, file];
        throw new FormatError(
          `${name}: weight_map: ${tensor}: is ${excerpt(file)}, expected a file's name`,
        );
      }),
    );
  } finally {
    await source.close();
  }
}

/** All tensors, in the order of the files. Throws unless those are the index's. */
function joined(
  name: string,
  fileOf: ReadonlyMap<string, string>,
  stores: ReadonlyMap<string, TensorStore>,
): ReadonlyMap<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [file, store] of stores)
    for (const [tensor, stored] of store.tensors) {
      const listed = fileOf.get(tensor);
      if (listed !== file)
        throw new FormatError(
          `${name}: ${file} holds ${tensor}, which the index ${listed === undefined ? "does not list" : `says is in ${listed}`}; the files are not of one model`,
        );
      tensors.set(tensor, stored);
    }
  for (const [tensor, file] of fileOf)
    if (!tensors.has(tensor))
      throw new FormatError(
        `${name}: ${tensor} should be in ${file}, which has no such tensor; the files are not of one model`,
      );
  return tensors;
}
