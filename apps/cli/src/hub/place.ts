import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { IO } from "../io.ts";

/** A model on the hub: "openai-community/gpt2", and a branch, a tag or a commit of it. */
export interface HubName {
  readonly name: string;
  readonly revision: string;
}

/** The name of a commit, and of what else git keeps: a SHA-1. */
export const COMMIT = /^[0-9a-f]{40}$/;

const PATTERN = /^([\w.-]+\/)?[\w.-]+$/;
const leaves = (path: string) => path.split("/").some((part) => part === ".." || part === ".");

/**
 * Reads `hf:ORG/NAME@revision` and `ORG/NAME`; `undefined` for what cannot be a name. Without a revision it is "main". A
 * name without ORG, of the hub's first days, needs the prefix.
 */
export function hubName(text: string): HubName | undefined {
  const {
    prefix,
    name = "",
    revision = "main",
  } = /^(?<prefix>hf:)?(?<name>[^@]+)(?:@(?<revision>.+))?$/.exec(text)?.groups ?? {};
  if (!PATTERN.test(name) || leaves(name) || (!prefix && !name.includes("/"))) return undefined;
  return /^[\w./-]+$/.test(revision) && !leaves(revision) ? { name, revision } : undefined;
}

/** Where the hub is, and where its files are kept: the variables that Hugging Face's own tools read. */
export interface HubPlace {
  readonly endpoint: string;
  /** The folder of `models--ORG--NAME/{blobs,refs,snapshots}`. */
  readonly cache: string;
  readonly token: string | undefined;
  /** Nothing may be asked of the network. */
  readonly offline: boolean;
}

/** `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_TOKEN` (else what `hf auth login` left) and `HF_HUB_OFFLINE`. */
export function hubPlace({ env }: Pick<IO, "env">): HubPlace {
  const caches = env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache");
  const home = env.HF_HOME || join(caches, "huggingface");
  return {
    endpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    cache: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"),
    token: env.HF_TOKEN?.trim() || tokenFile(env.HF_TOKEN_PATH || join(home, "token")),
    offline: /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? ""),
  };
}

function tokenFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined; // nobody logged in
  }
}
