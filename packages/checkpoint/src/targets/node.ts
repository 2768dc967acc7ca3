import { nodeModules } from "../sources/node.ts";
import { checkPath } from "../sources/path.ts";
import type { FileTarget } from "../target.ts";

/**
 * A folder on disk (Node), made when first written to. A file is written beside its place under a temporary name, synced,
 * then renamed.
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
          for (let done = 0; done < bytes.length; )
            done += (await file.write(bytes, done)).bytesWritten;
        },
        async commit() {
          try {
            await file.sync();
            await file.close();
            await fs.rename(temporary, full);
            ended = true;
          } catch (error) {
            await abort();
            throw error;
          }
        },
        abort,
      };
    },
  };
}
