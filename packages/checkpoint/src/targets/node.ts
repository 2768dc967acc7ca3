import { MOST, nodeModules } from "../sources/node.ts";
import { checkPath } from "../sources/path.ts";
import type { FileTarget } from "../target.ts";

/**
 * A folder on disk (Node), made when first written to. A file is written beside its place under a temporary name, that with
 * `.tmp` at its end, synced, renamed, and the folder synced.
 */
export function nodeTarget(root: string): FileTarget {
  const { fs, path: paths } = nodeModules();
  return {
    name: root,
    async write(path) {
      checkPath(root, path);
      const full = paths.join(root, path);
      const temporary = `${full}.tmp`;
      await fs.mkdir(paths.dirname(full), { recursive: true });
      const file = await fs.open(temporary, "w");
      let ended = false;
      const abort = async () => {
        if (ended) return;
        ended = true;
        await file.close();
        await fs.rm(temporary, { force: true });
      };
      return {
        async append(bytes) {
          for (let done = 0; done < bytes.length; ) {
            const length = Math.min(MOST, bytes.length - done);
            done += (await file.write(bytes, done, length)).bytesWritten;
          }
        },
        async commit() {
          try {
            await file.sync();
            await file.close();
            await fs.rename(temporary, full);
          } catch (error) {
            await abort();
            throw error;
          }
          ended = true;
          await syncFolder(paths.dirname(full));
        },
        abort,
      };
    },
  };

  async function syncFolder(path: string): Promise<void> {
    const { platform } = process;
    if (platform === "win32") return; // a folder cannot be opened there, and a rename is journaled
    const folder = await fs.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
