import type { Folder } from "@muladd/gpt/train";

/** How long runs stay: "memory" until the page is closed. */
export type StoreKind = "opfs" | "indexeddb" | "memory";

/** Where runs are kept, each a folder as the command writes it, under its own name. */
export interface Store {
  readonly kind: StoreKind;
  /** Names of the runs, in no order. */
  names(): Promise<string[]>;
  /** Made when first written to. */
  folder(name: string): Folder;
  /** With all that is in it. Does nothing when there is no such run. */
  remove(name: string): Promise<void>;
}

/** The most lasting store that works here: each is tried by writing to it, since a browser may have one and forbid it. */
export async function openStore(): Promise<Store> {
  for (const open of [
    async () => (await import("./opfs.ts")).opfsStore(),
    async () => (await import("./indexed-db.ts")).indexedDBStore(),
  ]) {
    try {
      return await open();
    } catch {
      // Private windows, sandboxed frames and old browsers: the next one.
    }
  }
  const { memoryStore } = await import("./memory.ts");
  return memoryStore();
}
