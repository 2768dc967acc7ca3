import type { Folder } from "@muladd/gpt/train";
import type { Store } from "./store.ts";

/** Files by path. */
export type Files = Map<string, Uint8Array>;

/** A folder in memory. */
export function memoryFolder(name: string, files: Files = new Map()): Folder {
  return {
    name,
    read: async (path) => files.get(path),
    write: async (path, bytes) => void files.set(path, bytes),
    list: async (path) => namesIn(files.keys(), path),
    remove: async (path) => void files.delete(path),
  };
}

/** Names directly inside the folder `path`, sorted. */
export function namesIn(paths: Iterable<string>, path: string): string[] {
  const start = path === "" ? "" : `${path}/`;
  return [...paths]
    .filter((p) => p.startsWith(start))
    .map((p) => p.slice(start.length))
    .filter((name) => !name.includes("/"))
    .sort();
}

/** Runs that last as long as the page. */
export function memoryStore(): Store {
  const runs = new Map<string, Files>();
  return {
    kind: "memory",
    names: async () => [...runs.keys()],
    folder(name) {
      const files: Files = runs.get(name) ?? new Map();
      const folder = memoryFolder(name, files);
      return {
        ...folder,
        async write(path, bytes) {
          runs.set(name, files);
          await folder.write(path, bytes);
        },
      };
    },
    remove: async (name) => void runs.delete(name),
  };
}
