import { CLIError } from "../errors.ts";
import type { HubFetch } from "./answers.ts";
import type { RemoteFile } from "./download.ts";
import { COMMIT, type HubName, type HubPlace } from "./place.ts";

/** What a revision stands for. */
export interface Listing {
  readonly commit: string;
  /** The files beside each other in it. */
  readonly files: readonly RemoteFile[];
}

const HASHES = { git: COMMIT, sha256: /^[0-9a-f]{64}$/ };

/**
 * Asks the hub what a revision stands for. Commits, hashes and names become paths of the cache, so that a server's word is
 * not taken for them: throws CLIError for any that is none.
 */
export async function listing(place: HubPlace, repo: HubName, get: HubFetch): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const { endpoint } = place;
  const at = { hubUrl: endpoint, fetch: get };
  const { name, revision } = repo;
  const { sha: commit } = await modelInfo({ name, revision, additionalFields: ["sha"], ...at });
  if (!COMMIT.test(commit)) throw untrue(place, `the commit of ${name}@${revision}`, commit);
  const files: RemoteFile[] = [];
  for await (const entry of listFiles({ repo: name, revision: commit, ...at })) {
    if (entry.type !== "file" || entry.oid === undefined) continue;
    const { path, size, oid, lfs } = entry;
    const kind = lfs ? "sha256" : "git";
    const hash = lfs?.oid ?? oid;
    if (path.split(/[/\\]/).some((part) => ["", ".", ".."].includes(part)))
      throw untrue(place, `the name of a file of ${name}`, path);
    if (!HASHES[kind].test(hash)) throw untrue(place, `the ${kind} hash of ${name}/${path}`, hash);
    if (!Number.isSafeInteger(size) || size < 0)
      throw untrue(place, `the size of ${name}/${path}`, size);
    files.push({ path, size, hash, kind });
  }
  return { commit, files };
}

const untrue = ({ endpoint }: HubPlace, what: string, value: unknown) =>
  new CLIError(`${endpoint} does not answer as a hub does`, {
    why: `${what} cannot be ${JSON.stringify(value)}`,
    remedies: "HF_ENDPOINT with another mirror, or without it",
  });
