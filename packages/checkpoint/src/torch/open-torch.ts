import { FormatError, show, size } from "@muladd/tensor";
import { Cursor } from "../cursor.ts";
import { BYTES } from "../dtypes.ts";
import type { ByteSource } from "../source.ts";
import { closeOnError } from "../sources/close-on-error.ts";
import { checkRange } from "../sources/range.ts";
import type { StoredTensor, TensorStore } from "../stored.ts";
import { collect } from "./collect.ts";
import { isLegacy, openLegacy } from "./legacy.ts";
import { storageSize, storages, type Unpickled } from "./storage.ts";
import { gatherView, isContiguous, reach } from "./strided.ts";
import { unpickle } from "./unpickle.ts";
import type { View } from "./value.ts";
import { openZip } from "./zip.ts";

/**
 * Opens what `torch.save` wrote (`.bin`, `.pt`, `.pth`): the zip format, and the one before PyTorch 1.6. Reads the pickle, and
 * numbers only when a tensor is read: of contiguous tensors the range asked for, of others (transposed, sliced, expanded)
 * the rows between.
 *
 * Names are paths: of `{"model": {"wte.weight": …}, "step": 3}` the tensor `model.wte.weight`, and 3 as `step` in the metadata,
 * with all other numbers, texts and truth values.
 *
 * Pickles are programs, but none is run here: of all Python names those that rebuild plain tensors and dicts are known, and
 * any other is an error that says its name. Throws FormatError, also for storages cut short, strides that leave their
 * storage, and tensors larger than the file. Closing the store closes the source; so does an error.
 */
export const openTorch = (source: ByteSource): Promise<TensorStore> =>
  closeOnError(source, () => open(source));

async function open(source: ByteSource): Promise<TensorStore> {
  const { name } = source;
  const head = await source.read(0, Math.min(16, source.size));
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  if (!isZip && !isLegacy(head))
    throw new FormatError(
      `${name}: not a file of torch.save: it begins with neither a zip archive's "PK" nor PyTorch's magic number`,
    );
  const { root, bytesOf } = await (isZip ? openArchive(source) : openLegacy(source));
  const { views, metadata } = collect(root, name, source.size);
  const tensors = new Map<string, StoredTensor>();
  for (const [path, view] of views) tensors.set(path, stored(source, path, view, bytesOf));
  return { name, tensors, metadata, close: () => source.close() };
}

async function openArchive(source: ByteSource): Promise<Unpickled> {
  const entries = await openZip(source);
  const pickles = [...entries.values()].filter(({ name }) => /^([^/]+\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1)
    throw new FormatError(
      `${source.name}: a zip archive with ${pickles.length} data.pkl; torch.save writes one`,
    );
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const order = await entries.get(`${folder}byteorder`)?.read();
  if (order && new TextDecoder().decode(order) !== "little")
    throw new FormatError(
      `${source.name}: ${folder}byteorder is not "little"; load and save it on a little-endian machine`,
    );
  const { found, storage } = storages();
  const cursor = new Cursor(await pickle.read(), `${source.name}: ${pickle.name}`);
  const root = unpickle(cursor, storage);
  for (const made of found.values()) {
    const { key, dtype, count } = made;
    const entry = entries.get(`${folder}data/${key}`);
    const bytes = storageSize(made);
    if (entry?.size !== bytes)
      throw new FormatError(
        `${source.name}: storage ${key} has ${entry?.size ?? "no"} bytes, expected ${bytes} for ${count} of ${dtype ?? "U8"}`,
      );
  }
  return { root, bytesOf: ({ key }) => entries.get(`${folder}data/${key}`) };
}

function stored(
  source: ByteSource,
  name: string,
  view: View,
  bytesOf: Unpickled["bytesOf"],
): StoredTensor {
  const { dtype, shape, offset } = view;
  const wrong = (why: string) => new FormatError(`${source.name}: tensor ${name}: ${why}`);
  const bytes = bytesOf(view.storage);
  if (!bytes) throw wrong(`its storage ${view.storage.key} is not in the file`);
  const item = BYTES[dtype];
  const byteLength = shape.includes(0) ? 0 : size(shape) * item;
  if (reach(view) * item > bytes.size)
    throw wrong(
      `${show(shape)} ${dtype} with strides ${show(view.strides)} from ${offset} reaches number ${reach(view)} of ${Math.floor(bytes.size / item)} in its storage`,
    );
  if (byteLength > source.size)
    throw wrong(
      `${show(shape)} ${dtype} is expanded to more than the file; save it with .contiguous()`,
    );
  const contiguous = isContiguous(view);
  return {
    name,
    dtype,
    shape,
    byteLength,
    async read(begin = 0, end = byteLength) {
      checkRange(`${source.name}: tensor ${name}`, byteLength, begin, end);
      if (begin === end) return new Uint8Array(0);
      if (contiguous) return bytes.read(offset * item + begin, offset * item + end);
      const [first, last] = [Math.floor(begin / item), Math.ceil(end / item)];
      const gathered = await gatherView(view, item, [first, last], bytes.read);
      return gathered.subarray(begin - first * item, end - first * item);
    },
  };
}
