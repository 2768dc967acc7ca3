import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { COMMIT, type HubName, type HubPlace } from "./place.ts";
import { MISSED, missedFiles, neededFiles } from "./selection.ts";

/** Paths of a model in the cache, laid out as Hugging Face's own tools do, which share it. */
export function cachePaths({ cache }: HubPlace, { name }: HubName) {
  const root = join(cache, `models--${name.replaceAll("/", "--")}`);
  return {
    root,
    blob: (hash: string) => join(root, "blobs", hash),
    ref: (revision: string) => join(root, "refs", revision),
    snapshot: (commit: string) => join(root, "snapshots", commit),
    /** Empty files, named as those that a commit is known not to have. */
    absent: (commit: string) => join(root, ".no_exist", commit),
  };
}

export interface CachedSnapshot {
  readonly commit: string;
  readonly folder: string;
  /** Files that the hub may have beside those that are here. */
  readonly missed: readonly string[];
}

/** Names in a folder; none where it is not there. */
const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Files that are there, not links to what is gone. */
async function present(folder: string): Promise<string[]> {
  const all = await names(folder);
  const there = await Promise.all(
    all.map((name) =>
      stat(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return all.filter((_, i) => there[i]);
}

/** The snapshot that a revision stands for here, if it has what is needed of it. */
export async function cachedSnapshot(
  place: HubPlace,
  repo: HubName,
  needs: "model" | "config",
): Promise<CachedSnapshot | undefined> {
  const paths = cachePaths(place, repo);
  const { revision } = repo;
  const commit = COMMIT.test(revision)
    ? revision
    : await readFile(paths.ref(revision), "utf8").then(
        (text) => text.trim(),
        () => undefined,
      );
  if (commit === undefined || !COMMIT.test(commit)) return undefined;
  const folder = paths.snapshot(commit);
  const files = await present(folder);
  const config = needs === "config";
  if (!(config ? files.includes("config.json") : neededFiles(files).complete)) return undefined;
  const missed = config ? [] : missedFiles(files, await names(paths.absent(commit)));
  return { commit, folder, missed };
}

/** Notes, as Hugging Face's own tools do, which files a commit has not, so that none is asked for again. */
export async function noteAbsent(folder: string, has: readonly string[]): Promise<void> {
  const absent = MISSED.filter((name) => !has.includes(name));
  if (absent.length > 0) await mkdir(folder, { recursive: true });
  for (const name of absent) await writeFile(join(folder, name), "");
}

/** Notes what a branch or a tag stands for. */
export async function writeRef(path: string, commit: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, commit);
}

/** Makes a file of a snapshot from its blob: a relative link, or a copy where links are not allowed. */
export async function linkBlob(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  try {
    await symlink(relative(dirname(path), blob), path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return; // another process was faster
    if (code !== "EPERM" && code !== "EACCES" && code !== "ENOTSUP") throw error;
    await copyFile(blob, path);
  }
}

/** What the cache has: models that are complete, and the bytes of those that were cut. One line each. */
export async function describeCache(place: HubPlace): Promise<string[]> {
  const lines: string[] = [];
  for (const folder of await names(place.cache)) {
    if (!folder.startsWith("models--")) continue;
    const name = folder.slice("models--".length).replaceAll("--", "/");
    const paths = cachePaths(place, { name, revision: "main" });
    const commits = await names(join(paths.root, "snapshots"));
    const complete = await Promise.all(
      commits.map((revision) => cachedSnapshot(place, { name, revision }, "model")),
    );
    const partial = (await names(join(paths.root, "blobs"))).some((b) => b.endsWith(".incomplete"));
    if (complete.some((path) => path !== undefined)) lines.push(name);
    else if (partial || commits.length > 0) lines.push(`${name} (in part)`);
  }
  return lines;
}
