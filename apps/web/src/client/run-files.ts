import type { NamedBytes } from "../engine/store/archive.ts";

/** Picks a folder to write to, where the browser can (File System Access). */
interface PickerWindow {
  showDirectoryPicker?(options: { mode: "readwrite" }): Promise<FileSystemDirectoryHandle>;
}

export const canPickFolder = (): boolean =>
  (globalThis as PickerWindow).showDirectoryPicker !== undefined;

/** Lets the browser save a file. */
export function download({ path, bytes }: NamedBytes): void {
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  const link = document.createElement("a");
  link.href = url;
  link.download = path;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

/** Asks for a folder and writes files into the folder `name` inside it. Returns `false` when nobody chose one. */
export async function writeFolder(name: string, files: readonly NamedBytes[]): Promise<boolean> {
  let root: FileSystemDirectoryHandle;
  try {
    root = await (globalThis as PickerWindow).showDirectoryPicker!({ mode: "readwrite" });
  } catch (error) {
    if ((error as Error).name === "AbortError") return false;
    throw error;
  }
  for (const { path, bytes } of files) {
    const parts = [name, ...path.split("/")];
    const last = parts.pop()!;
    let folder = root;
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
    const stream = await (await folder.getFileHandle(last, { create: true })).createWritable();
    await stream.write(new Uint8Array(bytes));
    await stream.close();
  }
  return true;
}

const MOST = 2 ** 30;

/** Files that were chosen, with their places in the folder that was. Throws when they are too much to hold in memory. */
export async function chosenFiles(files: Iterable<File>): Promise<NamedBytes[]> {
  const all = [...files];
  const size = all.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST)
    throw new Error(
      `these are ${(size / 1e9).toFixed(1)} GB; choose one run's folder, or its .zip`,
    );
  return Promise.all(
    all.map(async (file) => ({
      path: file.webkitRelativePath || file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );
}

/** Everything that was dropped, folders with all that is in them. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedBytes[]> {
  // All at once: the list is empty after the first pause.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found: { path: string; file: File }[] = [];
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
  const read = await chosenFiles(found.map(({ file }) => file));
  return read.map(({ bytes }, i) => ({ path: found[i]!.path, bytes }));
}
