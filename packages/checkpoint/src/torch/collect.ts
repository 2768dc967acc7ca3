import { FormatError } from "@muladd/tensor";
import { is, type Value, type View } from "./value.ts";

const MAX_DEPTH = 100;

/** What a checkpoint holds, each under its path: keys and indexes joined by ".", so that `{"model": {"a.weight": …}}` has `model.a.weight`. */
export interface Contents {
  readonly views: ReadonlyMap<string, View>;
  readonly metadata: Readonly<Record<string, string>>;
}

const join = (path: string, key: string) => (path ? `${path}.${key}` : key);

/**
 * Walks dicts and lists. `bytes` is the file's size: since containers may be shared, a small pickle can unfold without end, so
 * the paths may be no longer together than twice the file.
 */
export function collect(root: Value, name: string, bytes: number): Contents {
  const views = new Map<string, View>();
  const metadata = new Map<string, string>();
  let budget = 2 * bytes + 65_536;

  const walk = (value: Value, path: string, depth: number): void => {
    budget -= path.length + 1;
    if (budget < 0 || depth > MAX_DEPTH)
      throw new FormatError(
        `${name}: ${path.slice(0, 80)}: containers within containers unfold to more than twice the file, or hold themselves; save the tensors alone`,
      );
    if (is(value, "view")) {
      if (views.has(path)) throw new FormatError(`${name}: tensor ${path} is there twice`);
      views.set(path, value);
    } else if (value instanceof Map) {
      for (const [key, item] of value)
        if (typeof key !== "object") walk(item, join(path, String(key)), depth + 1);
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, join(path, `${index}`), depth + 1);
    } else if (is(value, "global")) {
      metadata.set(path, value.name);
    } else if (value !== null && typeof value !== "object") {
      metadata.set(path, String(value));
    }
  };
  walk(root, "", 0);
  return { views, metadata: Object.fromEntries(metadata) };
}
