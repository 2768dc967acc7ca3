import type { Folder } from "@muladd/gpt/train";
import { Lock } from "../lock.ts";
import { type Files, namesIn } from "./memory.ts";

/**
 * A folder whose files are kept in memory while they cannot be written: training goes on when storage is full or
 * forbidden. Each later write tries them again; until all are down, nothing is removed from the folder, so that what was
 * saved before stays. `onChange` hears of the first failure, and `undefined` when all is written.
 */
export function sheltered(folder: Folder, onChange: (failure: Error | undefined) => void): Folder {
  const waiting: Files = new Map();
  const unwanted = new Set<string>();
  // A checkpoint and a moment may come at once: each change sees what became of the one before.
  const changes = new Lock();

  /** Writes all that waits. */
  const settle = async (): Promise<void> => {
    for (const [path, bytes] of waiting) {
      await folder.write(path, bytes);
      if (waiting.get(path) === bytes) waiting.delete(path);
    }
    for (const path of unwanted) await folder.remove(path);
    unwanted.clear();
    onChange(undefined);
  };
  return {
    name: folder.name,
    read: async (path) =>
      waiting.get(path) ?? (unwanted.has(path) ? undefined : await folder.read(path)),
    write: (path, bytes) =>
      changes.run(async () => {
        unwanted.delete(path);
        const sheltering = waiting.size > 0;
        try {
          if (sheltering) {
            waiting.set(path, bytes);
            await settle();
          } else await folder.write(path, bytes);
        } catch (error) {
          waiting.set(path, bytes);
          if (!sheltering) onChange(error instanceof Error ? error : new Error(String(error)));
        }
      }),
    async list(path) {
      const names = (await folder.list(path).catch(() => [])).filter(
        (name) => !unwanted.has(path === "" ? name : `${path}/${name}`),
      );
      return [...new Set([...names, ...namesIn(waiting.keys(), path)])].sort();
    },
    remove: (path) =>
      changes.run(async () => {
        const sheltering = waiting.size > 0;
        waiting.delete(path);
        if (!sheltering) await folder.remove(path);
        else {
          unwanted.add(path);
          if (waiting.size === 0) await settle();
        }
      }),
  };
}
