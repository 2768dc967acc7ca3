import { nodeTarget } from "@muladd/checkpoint";

/** Where a run lives: a folder on disk, or anything that can keep named bytes. Paths use "/". */
export interface Folder {
  /** How messages call it. */
  readonly name: string;
  /** `undefined` when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** All or nothing: after a crash at any moment the file is the old one or the new one. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Names of the files directly inside; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>;
}

const TEMPORARY = ".tmp"; // as nodeTarget names what is not whole yet

/** A folder on Node's file system, made when first written to. A write that fails leaves nothing behind: see nodeTarget. */
export function nodeFolder(root: string): Folder {
  const fs = process.getBuiltinModule("node:fs/promises");
  const { join } = process.getBuiltinModule("node:path");
  const target = nodeTarget(root);
  // ENOTDIR: the root is itself a file
  const missing = (error: unknown) =>
    ["ENOENT", "ENOTDIR"].includes((error as { code?: string }).code ?? "");
  return {
    name: root,
    async read(path) {
      try {
        return await fs.readFile(join(root, path));
      } catch (error) {
        if (missing(error)) return undefined;
        throw error;
      }
    },
    async write(path, bytes) {
      const file = await target.write(path);
      try {
        await file.append(bytes);
        await file.commit();
      } catch (error) {
        await file.abort();
        throw error;
      }
    },
    async list(path) {
      try {
        const names = await fs.readdir(join(root, path));
        return names.filter((name) => !name.endsWith(TEMPORARY)).sort();
      } catch (error) {
        if (missing(error)) return [];
        throw error;
      }
    },
    async remove(path) {
      await fs.rm(join(root, path), { force: true });
    },
  };
}
