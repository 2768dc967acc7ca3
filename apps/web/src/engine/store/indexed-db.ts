import type { Folder } from "@muladd/gpt/train";
import { namesIn } from "./memory.ts";
import type { Store } from "./store.ts";

const DATABASE = "muladd-runs";
const FILES = "files";
// Above every string: arrays come after strings in the order of keys.
const LAST: IDBValidKey = [];

/** Runs in a database: one record a file, keyed by run and path, each put in a transaction of its own. Throws where it is forbidden. */
export async function indexedDBStore(): Promise<Store> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(FILES);
  const database = await answer(opening);
  const files = (mode: IDBTransactionMode) => {
    const transaction = database.transaction(FILES, mode, { durability: "strict" });
    return { store: transaction.objectStore(FILES), done: finished(transaction) };
  };
  const change = async (body: (store: IDBObjectStore) => void) => {
    const { store, done } = files("readwrite");
    body(store);
    await done;
  };
  const all = (name: string) => IDBKeyRange.bound([name], [name, LAST]);
  const folder = (name: string): Folder => ({
    name,
    read: async (path) =>
      (await answer(files("readonly").store.get([name, path]))) as Uint8Array | undefined,
    write: (path, bytes) => change((store) => store.put(new Uint8Array(bytes), [name, path])),
    async list(path) {
      const keys = (await answer(files("readonly").store.getAllKeys(all(name)))) as string[][];
      return namesIn(
        keys.map(([, p]) => p!),
        path,
      );
    },
    remove: (path) => change((store) => store.delete([name, path])),
  });
  await folder("").write("probe", new Uint8Array(1));
  await folder("").remove("probe");
  return {
    kind: "indexeddb",
    async names() {
      const keys = (await answer(files("readonly").store.getAllKeys())) as string[][];
      return [...new Set(keys.map(([name]) => name!))];
    },
    folder,
    remove: (name) => change((store) => store.delete(all(name))),
  };
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  done.catch(() => {}); // heard by who awaits it; a reader does not
  return done;
}
