import { mkdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { CLIError, exitCodes } from "../errors.ts";
import type { IO } from "../io.ts";
import { quantity } from "../ui/format.ts";
import { Ticker } from "../ui/ticker.ts";
import { type HubFetch, hubFetch, networkReason } from "./answers.ts";
import { cachedSnapshot, cachePaths, describeCache, linkBlob, writeRef } from "./cache.ts";
import { download, type RemoteFile } from "./download.ts";
import { Meter } from "./meter.ts";
import { type HubName, type HubPlace, hubPlace } from "./place.ts";
import { neededFiles } from "./selection.ts";

export interface SnapshotOptions {
  /** Only config.json, or all that the model needs. Default "model". */
  readonly needs?: "model" | "config";
  /** Ask the hub what the revision stands for now, though the cache has what it stood for. */
  readonly refresh?: boolean;
  /** Use the cache alone. */
  readonly offline?: boolean | undefined;
  readonly quiet?: boolean;
}

/**
 * The folder of a model of the hub, in the cache that Hugging Face's own tools share; what it lacks is downloaded, with
 * progress on stderr. Throws CLIError for a name that there is not, for a cut, a wrong checksum, and without network for
 * what the cache has not.
 */
export async function hubSnapshot(
  io: IO,
  repo: HubName,
  { needs = "model", refresh = false, offline = false, quiet = false }: SnapshotOptions = {},
): Promise<string> {
  const place = hubPlace(io);
  const cached = await cachedSnapshot(place, repo, needs);
  if (offline || place.offline) {
    if (cached) return cached;
    const flag = offline ? "--offline is given" : "HF_HUB_OFFLINE is set";
    throw await unreachable(io, place, repo, flag);
  }
  if (cached && !refresh) return cached;
  const abort = new AbortController();
  let told = false;
  const off = io.onSignal((signal) => {
    if (told) io.exit(exitCodes[signal]);
    told = true;
    abort.abort(
      new CLIError(`${repo.name} is here in part`, {
        why: "what has come is kept",
        remedies: "the same command again: it goes on from there",
        exitCode: exitCodes[signal],
      }),
    );
  });
  try {
    const get = hubFetch(place, repo, abort.signal);
    const found = await listing(place, repo, get).catch(async (error: unknown) => {
      if (error instanceof CLIError || !(error instanceof Error)) throw error;
      if (!cached) throw await unreachable(io, place, repo, networkReason(error), error);
      io.stderr.write(`note: ${place.endpoint} cannot be reached; the cache has ${repo.name}\n`);
      return undefined;
    });
    if (!found) return cached!;
    using progress = new Ticker(io, { quiet });
    return await fetchAll(place, repo, found, needs, get, progress);
  } finally {
    off();
  }
}

interface Listing {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/** The commit that a revision stands for, and the files beside each other in it. */
async function listing(place: HubPlace, repo: HubName, get: HubFetch): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const at = { hubUrl: place.endpoint, fetch: get };
  const { name, revision } = repo;
  const { sha: commit } = await modelInfo({ name, revision, additionalFields: ["sha"], ...at });
  const files: RemoteFile[] = [];
  for await (const entry of listFiles({ repo: name, revision: commit, ...at })) {
    if (entry.type !== "file" || entry.oid === undefined) continue;
    const { path, size, oid, lfs } = entry;
    files.push({ path, size, hash: lfs?.oid ?? oid, kind: lfs ? "sha256" : "git" });
  }
  return { commit, files };
}

async function fetchAll(
  place: HubPlace,
  repo: HubName,
  { commit, files }: Listing,
  needs: "model" | "config",
  get: HubFetch,
  progress: Ticker,
): Promise<string> {
  const paths = cachePaths(place, repo);
  const wanted = chosen(place, repo, files, needs);
  const there = await Promise.all(wanted.map(({ hash }) => exists(paths.blob(hash))));
  const missing = wanted.filter((_, i) => !there[i]);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  await checkSpace(place, repo, total);
  const meter = new Meter(`fetching ${repo.name}`, total, progress);
  for (const file of missing) {
    const url = `${place.endpoint}/${repo.name}/resolve/${commit}/${encodeURIComponent(file.path)}`;
    await download(get, url, file, paths.blob(file.hash), meter.file(file.size));
  }
  for (const { path, hash } of wanted)
    await linkBlob(paths.blob(hash), join(paths.snapshot(commit), path));
  // Last: until all is here, a branch stands for what was complete before.
  if (repo.revision !== commit) await writeRef(paths.ref(repo.revision), commit);
  return paths.snapshot(commit);
}

/** The files to have, in order. Throws CLIError for a repository that holds no model in a format that is read. */
function chosen(
  { endpoint }: HubPlace,
  { name, revision }: HubName,
  files: readonly RemoteFile[],
  needs: "model" | "config",
): RemoteFile[] {
  const byName = new Map(files.map((file) => [file.path, file]));
  const needed = neededFiles([...byName.keys()]);
  const names = needs === "config" ? ["config.json"] : needed.files;
  if (!byName.has("config.json") || (needs === "model" && !needed.complete))
    throw new CLIError(`${name} holds no model that can be read`, {
      why: [
        "a config.json is needed, and model.safetensors or pytorch_model.bin, whole or every shard",
        `it has ${[...byName.keys()].join(", ") || "no files"}`,
      ],
      remedies: files.some(({ path }) => path.endsWith(".gguf"))
        ? `download a .gguf of ${endpoint}/${name}/tree/${revision}, and give its path`
        : [],
    });
  return names.flatMap((path) => byName.get(path) ?? []);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Throws CLIError when the disk of the cache has no room for `bytes` more. */
async function checkSpace({ cache }: HubPlace, { name }: HubName, bytes: number): Promise<void> {
  await mkdir(cache, { recursive: true });
  const { bavail, bsize } = await statfs(cache);
  if (bytes <= bavail * bsize) return;
  throw new CLIError(`${name} needs ${quantity(bytes, "B")} more on the disk of ${cache}`, {
    why: `it has ${quantity(bavail * bsize, "B")}`,
    remedies: ["make room", "HF_HUB_CACHE with a folder on another disk"],
  });
}

/** An error for when there is no network: what the cache has. */
async function unreachable(
  io: IO,
  place: HubPlace,
  { name, revision }: HubName,
  reason: string,
  cause?: unknown,
): Promise<CLIError> {
  const cached = await describeCache(place);
  const which = revision === "main" ? name : `${name}@${revision}`;
  const proxy = io.env.HTTPS_PROXY ?? io.env.https_proxy;
  const remedy =
    cause === undefined
      ? "the same command with the network"
      : proxy && !io.env.NODE_USE_ENV_PROXY
        ? "NODE_USE_ENV_PROXY=1: Node takes no notice of HTTPS_PROXY without it"
        : "the same command when there is a network, or HF_ENDPOINT with a mirror";
  return new CLIError(
    cause === undefined
      ? `${which} is not in the cache, or not whole`
      : `${which} is not in the cache, and ${place.endpoint} cannot be reached`,
    {
      why: [reason, `${place.cache} has ${cached.join(", ") || "no model"}`],
      remedies: remedy,
      cause,
    },
  );
}
