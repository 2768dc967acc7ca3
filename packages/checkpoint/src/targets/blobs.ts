import { checkPath } from "../sources/path.ts";
import type { FileTarget } from "../target.ts";

/** Files as Blobs, to be offered as downloads or opened with {@link blobFiles}; a browser may keep large ones on disk. */
export function blobTarget(name = "files"): FileTarget & { readonly files: Map<string, Blob> } {
  const files = new Map<string, Blob>();
  return {
    name,
    files,
    async write(path) {
      checkPath(name, path);
      let parts: Blob[] = [];
      return {
        async append(bytes) {
          // A copy, which the platform holds: the caller may use the memory again.
          parts.push(new Blob([new Uint8Array(bytes)]));
        },
        async commit() {
          files.set(path, new Blob(parts));
        },
        async abort() {
          parts = [];
        },
      };
    },
  };
}
