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
