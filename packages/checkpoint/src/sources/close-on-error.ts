import type { ByteSource } from "../source.ts";

/** What `open` makes of a source; when it fails, the source is closed. */
export async function closeOnError<T>(source: ByteSource, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await source.close();
    throw error;
  }
}
