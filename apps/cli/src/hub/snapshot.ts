import { mkdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { CLIError, exitCodes } from "../errors.ts";
import type { IO } from "../io.ts";
import { quantity } from "../ui/format.ts";
import { Ticker } from "../ui/ticker.ts";
import { type HubFetch, hubFetch, networkReason } from "./answers.ts";
import {
  cachedSnapshot,
  cachePaths,
  describeCache,
  linkBlob,
  noteAbsent,
  writeRef,
} from "./cache.ts";
import { download, partialFile, type RemoteFile } from "./download.ts";
import { type Listing, listing } from "./listing.ts";
import { Meter } from "./meter.ts";
import { type HubName, type HubPlace, hubPlace } from "./place.ts";
import { neededFiles } from "./selection.ts";

type Needs = "model" | "config";

export interface SnapshotOptions {
  /** Only config.json, or all that the model needs. Default "model". */
  readonly needs?: Needs;
  /** Ask the hub what the revision stands for now, though the cache has what it stood for. */
  readonly refresh?: boolean;
  /** Use the cache alone. */
  readonly offline?: boolean | undefined;
  readonly quiet?: boolean;
}

/**
 * The folder of a model of the hub, in the cache that Hugging Face's own tools share; what it lacks is downloaded, with
 * progress on stderr. Throws CLIError for a name that there is not, for a cut, a wrong checksum, what no hub would answer,
 * and without network for what the cache has not.
 */
export async function hubSnapshot(
  io: IO,
  repo: HubName,
  { needs = "model", refresh = false, offline = false, quiet = false }: SnapshotOptions = {},
): Promise<string> {
  const place = hubPlace(io);
  const cached = await cachedSnapshot(place, repo, needs);
  if (offline || place.offline) {
    if (cached) return cached.folder;
    const flag = offline ? "--offline is given" : "HF_HUB_OFFLINE is set";
    throw await unreachable(io, place, repo, flag);
  }
  if (cached && !refresh && cached.missed.length === 0) return cached.folder;
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
    const fetched = async (at: HubName, found: Listing, what: Needs | "small") => {
      using progress = new Ticker(io, { quiet });
      return await fetchAll(place, at, found, what, get, progress);
    };
    if (cached && !refresh) {
      // Of the commit that is here: what the revision stands for now may have other weights.
      const at = { name: repo.name, revision: cached.commit };
      const rest = listing(place, at, get).then((found) => fetched(at, found, "small"));
      return await rest.catch((error: unknown) => {
        if (abort.signal.aborted || !(error instanceof Error)) throw error;
        const missed = cached.missed.join(", ");
        io.stderr.write(
          `note: ${repo.name} is in the cache without ${missed}; not fetched: ${networkReason(error)}\n`,
        );
        return cached.folder;
      });
    }
    const found = await listing(place, repo, get).catch(async (error: unknown) => {
      if (error instanceof CLIError || !(error instanceof Error)) throw error;
      if (!cached) throw await unreachable(io, place, repo, networkReason(error), error);
      io.stderr.write(`note: ${place.endpoint} cannot be reached; the cache has ${repo.name}\n`);
      return undefined;
    });
    return found ? await fetched(repo, found, needs) : cached!.folder;
  } finally {
    off();
  }
}

async function fetchAll(
  place: HubPlace,
  repo: HubName,
  { commit, files }: Listing,
  needs: Needs | "small",
  get: HubFetch,
  progress: Ticker,
): Promise<string> {
  const paths = cachePaths(place, repo);
  const wanted = chosen(place, repo, files, needs);
  const there = await Promise.all(wanted.map(({ hash }) => bytesOf(paths.blob(hash))));
  const missing = wanted.filter((_, i) => there[i] === undefined);
  const total = sum(missing.map(({ size }) => size));
  const begun = missing.map(async ({ hash, size }) =>
    Math.min((await bytesOf(partialFile(paths.blob(hash)))) ?? 0, size),
  );
  await checkSpace(place, repo, total - sum(await Promise.all(begun)));
  const meter = new Meter(`fetching ${repo.name}`, total, progress);
  for (const file of missing) {
    const url = `${place.endpoint}/${repo.name}/resolve/${commit}/${encodeURIComponent(file.path)}`;
    await download(get, url, file, paths.blob(file.hash), meter.file(file.size));
  }
  for (const { path, hash } of wanted)
    await linkBlob(paths.blob(hash), join(paths.snapshot(commit), path));
  const listed = files.map(({ path }) => path);
  await noteAbsent(paths.absent(commit), listed);
  // Last: until all is here, a branch stands for what was complete before.
  const keeps = needs === "config" && (await cachedSnapshot(place, repo, "model"));
  if (repo.revision !== commit && !keeps) await writeRef(paths.ref(repo.revision), commit);
  return paths.snapshot(commit);
}

/** The files to have, in order. Throws CLIError for a repository that holds no model in a format that is read. */
function chosen(
  { endpoint }: HubPlace,
  { name, revision }: HubName,
  files: readonly RemoteFile[],
  needs: Needs | "small",
): RemoteFile[] {
  const byName = new Map(files.map((file) => [file.path, file]));
  const needed = neededFiles([...byName.keys()]);
  const { small, weights } = needed;
  // The small files first, so that weights which are there mean that all is there.
  const names = { config: ["config.json"], small, model: [...small, ...weights] }[needs];
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

const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);

/** The size of a file; `undefined` where there is none. */
const bytesOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
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
