import { FormatError } from "@muladd/tensor";
import type { FileSet } from "../source.ts";
import { blobSource } from "./memory.ts";
import { checkPath } from "./path.ts";

/**
 * Files by path; or those of an `<input type="file">`, with `multiple` or with `webkitdirectory`, where paths begin inside of
 * the chosen folder. Throws FormatError when two have one path.
 */
export function blobFiles(
  files: ReadonlyMap<string, Blob> | Iterable<File>,
  name = "files",
): FileSet {
  const byPath = files instanceof Map ? files : named(files as Iterable<File>, name);
  return {
    name,
    async open(path) {
      checkPath(name, path);
      const blob = byPath.get(path);
      return blob && blobSource(blob, `${name}/${path}`);
    },
    async list() {
      return [...byPath.keys()].sort();
    },
  };
}

function named(files: Iterable<File>, name: string): ReadonlyMap<string, Blob> {
  const byPath = new Map<string, Blob>();
  for (const file of files) {
    // "folder/config.json" in a browser; Node's File has no such field.
    const inFolder = file.webkitRelativePath?.split("/").slice(1).join("/");
    const path = inFolder || file.name;
    if (byPath.has(path))
      throw new FormatError(`${name}: two files are called ${path}; choose one folder at a time`);
    byPath.set(path, file);
  }
  return byPath;
}
