import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CLIError } from "../errors.ts";
import { quantity } from "../ui/format.ts";
import { type HubFetch, networkReason } from "./answers.ts";

/** A file of a commit. */
export interface RemoteFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of a large file's bytes; else git's SHA-1 of the blob. Its name in the cache. */
  readonly hash: string;
  readonly kind: "sha256" | "git";
}

/** Where the bytes of a file are until all have come. */
export const partialFile = (target: string) => `${target}.incomplete`;

/** Milliseconds before each further try when nothing has come. */
const PAUSES = [100, 400, 1600];
const BLOCK = 1 << 20;

/**
 * Downloads `url` to `target`, through `target.incomplete`, from where an earlier try was cut: what has come stays on the
 * disk whatever happens, but for bytes that are wrong. `onBytes` is told how many of the file are here. Throws CLIError when
 * the connection is cut for good, or the checksum differs.
 */
export async function download(
  get: HubFetch,
  url: string,
  file: RemoteFile,
  target: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const partial = partialFile(target);
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT);
  try {
    const digest = await receive(get, url, file, handle, onBytes);
    if (digest !== file.hash) {
      await rm(partial, { force: true });
      throw new CLIError(`${file.path} is damaged: its ${file.kind} checksum differs`, {
        why: [`expected ${file.hash}`, `found    ${digest}`, `from     ${url}`],
        remedies: "the same command again; what was wrong is thrown away",
      });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Another process that downloads the same file writes the same bytes to the same places, and may have been faster.
  await rename(partial, target).catch(async (error) => {
    if (!(await stat(target).catch(() => undefined))) throw error;
  });
}

/** Fills `handle` with the file. Returns the digest of what is there. */
async function receive(
  get: HubFetch,
  url: string,
  file: RemoteFile,
  handle: FileHandle,
  onBytes: (bytes: number) => void,
): Promise<string> {
  let hash = begin(file);
  let at = await known(handle, file, hash);
  onBytes(at);
  for (let tries = 0; at < file.size; ) {
    const before = at;
    let fault: unknown = new Error("the connection was cut");
    try {
      const response = await get(url, { headers: { Range: `bytes=${at}-` } });
      if (at > 0 && response.status !== 206) [at, hash] = [0, begin(file)]; // it sends all
      for await (const bytes of response.body ?? []) {
        if (at + bytes.length > file.size) throw new Error("more came than the file has");
        await handle.write(bytes, 0, bytes.length, at);
        hash.update(bytes);
        at += bytes.length;
        onBytes(at);
      }
    } catch (error) {
      if (error instanceof CLIError || !(error instanceof Error)) throw error;
      if (error.name === "AbortError" || "errno" in error) throw error;
      fault = error;
    }
    if (at > before) tries = 0;
    else if (tries < PAUSES.length) await wait(PAUSES[tries++]);
    else
      throw new CLIError(
        `${file.path} was cut at ${quantity(at, "B")} of ${quantity(file.size, "B")}`,
        {
          why: [networkReason(fault), "what has come is kept"],
          remedies: "the same command again: it goes on from there",
          cause: fault,
        },
      );
  }
  return hash.digest("hex");
}

const begin = ({ kind, size }: RemoteFile): Hash =>
  kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);

/** Adds what is there to `hash`; a file that is too long is begun anew. Returns its bytes. */
async function known(handle: FileHandle, { size }: RemoteFile, hash: Hash): Promise<number> {
  const { size: there } = await handle.stat();
  if (there > size) {
    await handle.truncate(0);
    return 0;
  }
  const block = Buffer.alloc(Math.min(BLOCK, there));
  for (let at = 0; at < there; ) {
    const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, there - at), at);
    if (bytesRead === 0) return at;
    hash.update(block.subarray(0, bytesRead));
    at += bytesRead;
  }
  return there;
}
