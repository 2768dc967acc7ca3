import type { NamedBytes } from "../engine/store/archive.ts";

/** A file that was given, not read yet; the path within what was dropped or chosen. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

/** Files that were chosen, with their places in the folder that was. */
export const chosenFiles = (files: Iterable<File>): GivenFile[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));

/** Everything that was dropped, folders with all that is in them. */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  // All at once: the list is empty after the first pause.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found: GivenFile[] = [];
  const visit = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const get = (entry as FileSystemFileEntry).file.bind(entry);
      const file = await new Promise<File>(get);
      found.push({ path: entry.fullPath.slice(1), file });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const inside = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (inside.length === 0) return; // a folder is told in parts
      for (const one of inside) await visit(one);
    }
  };
  for (const entry of entries) await visit(entry);
  return found;
}

const RUN = /\.zip$|(^|\/)(checkpoints\/step-\d+\.safetensors|summary\.json|metrics\.jsonl)$/i;
const MODEL = /\.(safetensors|bin|pt|pth|gguf|safetensors\.index\.json)$/i;

/** What files are: a run of ours, a model from elsewhere, or neither that can be told by their names. */
export function kindOf(given: readonly Pick<GivenFile, "path">[]): "run" | "model" | undefined {
  if (given.some(({ path }) => RUN.test(path))) return "run";
  return given.some(({ path }) => MODEL.test(path)) ? "model" : undefined;
}

const MOST = 2 ** 30;

/** Reads files whole. Throws when they are too much to hold in memory. */
export async function readFiles(given: readonly GivenFile[]): Promise<NamedBytes[]> {
  const size = given.reduce((sum, { file }) => sum + file.size, 0);
  if (size > MOST)
    throw new Error(
      `these are ${(size / 1e9).toFixed(1)} GB; choose one run's folder, or its .zip`,
    );
  return Promise.all(
    given.map(async ({ path, file }) => ({
      path,
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );
}
