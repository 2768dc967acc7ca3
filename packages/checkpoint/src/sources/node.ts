import { FormatError } from "@muladd/tensor";
import type { ByteSource, FileSet } from "../source.ts";
import { checkPath } from "./path.ts";
import { checkRange, cutShort } from "./range.ts";

/** Bytes to read or write at once: Node takes at most 2³¹ − 1. */
export const MOST = 2 ** 30;

/** Node's modules for files. Throws where there is no file system. */
export function nodeModules() {
  const load = globalThis.process?.getBuiltinModule;
  if (!load)
    throw new Error(
      "files by path need Node 20.16 or later; in a browser use Blobs (blobSource, blobFiles) or addresses (urlSource, urlFiles)",
    );
  return { fs: load("node:fs/promises"), path: load("node:path") };
}

/** Whether a file system's error says that there is nothing there. ENOTDIR: a folder of the path is itself a file. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");

/**
 * A file on disk (Node), of any size, open until it is closed. `name` is how errors call it; default the path. Throws the
 * file system's error when it cannot be opened, FormatError when it is a folder.
 */
export async function fileSource(path: string, name = path): Promise<ByteSource> {
  const { fs } = nodeModules();
  const file = await fs.open(path, "r");
  const stat = await file.stat();
  if (!stat.isFile()) {
    await file.close();
    throw new FormatError(`${name}: not a file; name a file inside of it`);
  }
  return {
    name,
    size: stat.size,
    async read(begin, end, room) {
      checkRange(name, stat.size, begin, end);
      const bytes = room?.subarray(0, end - begin) ?? new Uint8Array(end - begin);
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(MOST, bytes.length - done);
        const { bytesRead } = await file.read(bytes, done, length, begin + done);
        if (bytesRead === 0) throw cutShort(name, begin, end, done);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

/** The files in a folder on disk (Node) and in its folders. Symbolic links are followed, as in Hugging Face's cache. */
export function nodeFiles(root: string): FileSet {
  const { fs, path: paths } = nodeModules();
  const isFile = (path: string) =>
    fs.stat(path).then(
      (stat) => stat.isFile(),
      (error) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
  return {
    name: root,
    async open(path) {
      checkPath(root, path);
      const full = paths.join(root, path);
      return (await isFile(full)) ? fileSource(full, `${root}/${path}`) : undefined;
    },
    async list() {
      const entries = await fs.readdir(root, { recursive: true, withFileTypes: true });
      const found = await Promise.all(
        entries.map(async (entry) => {
          const full = paths.join(entry.parentPath, entry.name);
          if (!(entry.isFile() || (entry.isSymbolicLink() && (await isFile(full))))) return [];
          return [paths.relative(root, full).replaceAll(paths.sep, "/")];
        }),
      );
      return found.flat().sort();
    },
  };
}
