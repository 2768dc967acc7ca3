import { FormatError } from "@muladd/tensor";

/**
 * Throws FormatError for a path that leaves its folder, or that another system would read differently: absolute, with
 * "..", ".", an empty part, a backslash, a drive's letter or a NUL. File names come from indices that strangers wrote.
 */
export function checkPath(folder: string, path: string): void {
  const parts = path.split("/");
  if (parts.some((part) => ["", ".", ".."].includes(part)) || /[\\\0]|^[a-z]:/i.test(path))
    throw new FormatError(
      `${folder}: ${JSON.stringify(path)} is no name of a file in this folder; it must be relative, with "/" and without ".."`,
    );
}
