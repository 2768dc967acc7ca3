import type { Folder } from "@muladd/gpt/train";
import type { Store } from "./store.ts";

const ROOT = "muladd-runs";
// Chromium's name for what is not written to its end; a crash may leave one.
const UNFINISHED = ".crswap";

/**
 * Runs in the origin's private file system. A file is replaced as its stream is closed (File System Standard,
 * FileSystemWritableFileStream): the old one or the new one, never a part. Throws where there is none, or it is
 * forbidden, or it lacks such streams.
 */
export async function opfsStore(): Promise<Store> {
  const origin = await navigator.storage.getDirectory();
  const root = await origin.getDirectoryHandle(ROOT, { create: true });
  try {
    await write(root, "probe", new Uint8Array(1));
  } catch (error) {
    // Full for now: the runs that are here can be read, and deleted to make room.
    if ((error as Error).name !== "QuotaExceededError") throw error;
  }
  await ignoreMissing(() => root.removeEntry("probe"));
  return {
    kind: "opfs",
    async names() {
      const names: string[] = [];
      for await (const [name, handle] of root.entries())
        if (handle.kind === "directory") names.push(name);
      return names;
    },
    folder: (name) => opfsFolder(root, name),
    async remove(name) {
      await ignoreMissing(() => root.removeEntry(name, { recursive: true }));
    },
  };
}

function opfsFolder(root: FileSystemDirectoryHandle, name: string): Folder {
  /** The folder that holds `path`, and the path's last part. */
  const locate = async (path: string, create: boolean) => {
    const parts = [name, ...path.split("/").filter(Boolean)];
    const last = parts.pop()!;
    let folder = root;
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
    return { folder, last };
  };
  return {
    name,
    read: (path) =>
      ignoreMissing(async () => {
        const { folder, last } = await locate(path, false);
        const file = await (await folder.getFileHandle(last)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      }),
    async write(path, bytes) {
      const { folder, last } = await locate(path, true);
      await write(folder, last, bytes);
    },
    async list(path) {
      const names = await ignoreMissing(async () => {
        const { folder, last } = await locate(path, false);
        const found: string[] = [];
        for await (const [file, handle] of (await folder.getDirectoryHandle(last)).entries())
          if (handle.kind === "file" && !file.endsWith(UNFINISHED)) found.push(file);
        return found.sort();
      });
      return names ?? [];
    },
    async remove(path) {
      await ignoreMissing(async () => {
        const { folder, last } = await locate(path, false);
        await folder.removeEntry(last);
      });
    },
  };
}

async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    // A copy: a view of shared memory is refused.
    await stream.write(new Uint8Array(bytes));
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {}); // it may have failed of itself
    throw error;
  }
}

async function ignoreMissing<T>(body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if ((error as Error).name === "NotFoundError") return undefined;
    throw error;
  }
}
