import { FormatError } from "@muladd/tensor";
import { type Cursor, parseHead } from "../cursor.ts";
import type { ByteSource } from "../source.ts";
import { type StorageBytes, storageSize, storages, type Unpickled } from "./storage.ts";
import { unpickle } from "./unpickle.ts";

/**
 * What torch.save wrote before PyTorch 1.6, and writes with `_use_new_zipfile_serialization=False`: pickles of a magic number,
 * a version, the machine, the value, and the storages' keys; then each storage: how many numbers, as a u64, and they.
 * `_legacy_load` in https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
 */

/** PROTO 2, LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c. */
const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const COUNT_BYTES = 8;

export const isLegacy = (head: Uint8Array): boolean => MAGIC.every((byte, i) => head[i] === byte);

function parse(cursor: Cursor) {
  cursor.skip(MAGIC.length);
  const version = unpickle(cursor);
  if (version !== 1001) throw cursor.fail(`version ${version} of torch.save; 1001 is known`);
  const machine = unpickle(cursor);
  if (machine instanceof Map && machine.get("little_endian") === false)
    throw cursor.fail("big-endian numbers; load and save it on a little-endian machine");
  const { found, storage } = storages();
  const root = unpickle(cursor, storage);
  const keys = unpickle(cursor);
  if (!Array.isArray(keys) || new Set(keys).size !== keys.length)
    throw cursor.fail("the storages' keys are not a list of different ones: it is damaged");
  return { root, found, keys, end: cursor.at };
}

/** Opens the format of before 1.6. Throws FormatError. */
export async function openLegacy(source: ByteSource): Promise<Unpickled> {
  const { root, found, keys, end } = await parseHead(source, parse);
  const places = new Map<string, StorageBytes>();
  let at = end;
  for (const key of keys) {
    const storage = typeof key === "string" ? found.get(key) : undefined;
    if (!storage)
      throw new FormatError(`${source.name}: storage ${String(key)} is listed but not used`);
    const bytes = storageSize(storage);
    places.set(storage.key, storageBytes(source, storage.key, at, storage.count, bytes));
    at += COUNT_BYTES + bytes;
  }
  if (at !== source.size)
    throw new FormatError(
      `${source.name}: the storages end at byte ${at}, the file at ${source.size}: cut short or damaged`,
    );
  return { root, bytesOf: ({ key }) => places.get(key) };
}

function storageBytes(
  source: ByteSource,
  key: string,
  at: number,
  count: number,
  size: number,
): StorageBytes {
  let checked: Promise<void> | undefined;
  const check = async () => {
    const head = await source.read(at, at + COUNT_BYTES);
    const found = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
    if (found !== BigInt(count))
      throw new FormatError(
        `${source.name}: byte ${at}: storage ${key} has ${found} numbers, expected ${count}`,
      );
  };
  return {
    size,
    async read(begin, end) {
      checked ??= check();
      await checked;
      return source.read(at + COUNT_BYTES + begin, at + COUNT_BYTES + end);
    },
  };
}
