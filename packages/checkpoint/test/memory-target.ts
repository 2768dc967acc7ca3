import type { FileTarget } from "../src/index.ts";

/** Files in memory. */
export function memoryTarget(): FileTarget & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    name: "memory",
    files,
    async write(path) {
      const parts: Uint8Array[] = [];
      return {
        append: async (bytes) => void parts.push(bytes.slice()),
        commit: async () => void files.set(path, Uint8Array.from(Buffer.concat(parts))),
        abort: async () => void parts.splice(0),
      };
    },
  };
}
