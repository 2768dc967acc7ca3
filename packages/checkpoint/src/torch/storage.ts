import { is, type Storage, type Value } from "./value.ts";

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
