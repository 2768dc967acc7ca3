import { BYTES } from "../dtypes.ts";
import { is, type Storage, type Value } from "./value.ts";

/** The bytes of a storage, by range. */
export interface StorageBytes {
  readonly size: number;
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** A checkpoint unpickled: its value, and where each storage's bytes are. Both file formats give one. */
export interface Unpickled {
  readonly root: Value;
  readonly bytesOf: (storage: Storage) => StorageBytes | undefined;
}

export const storageSize = ({ dtype, count }: Storage): number =>
  count * (dtype ? BYTES[dtype] : 1);

/**
 * What makes storages of persistent ids, `("storage", class, key, place, count)`; and those it made, by key. Ids that do not
 * agree about a key make none.
 */
export function storages() {
  const found = new Map<string, Storage>();
  const storage = (id: Value): Storage | undefined => {
    if (!Array.isArray(id)) return undefined;
    const [tag, type, key, , count, part = null] = id;
    if (tag !== "storage" || !is(type, "global") || typeof key !== "string" || part !== null)
      return undefined;
    if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) return undefined;
    const known = found.get(key);
    if (known) return known.dtype === type.dtype && known.count === count ? known : undefined;
    const made: Storage = { kind: "storage", key, dtype: type.dtype, count };
    found.set(key, made);
    return made;
  };
  return { found, storage };
}
