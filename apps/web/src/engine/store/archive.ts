import type { Source } from "@muladd/corpus";
import { type Folder, Run, RunError } from "@muladd/gpt/train";
import { type Files, memoryFolder } from "./memory.ts";

/** A file of a run on its way in or out; the path within the run's folder, or within what was dropped. */
export interface NamedBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const PARTS = ["", "checkpoints", "moments", "text"];
const OURS =
  /^(?:(?:config|tokenizer|summary|page)\.json|metrics\.jsonl|(?:checkpoints|moments)\/step-\d+\.safetensors|text\/\d+\.txt)$/;

/** Every file of a run. */
export async function filesIn(folder: Folder): Promise<NamedBytes[]> {
  const files: NamedBytes[] = [];
  for (const part of PARTS)
    for (const name of await folder.list(part)) {
      const path = part === "" ? name : `${part}/${name}`;
      const bytes = OURS.test(path) ? await folder.read(path) : undefined;
      if (bytes) files.push({ path, bytes });
    }
  return files;
}

/** A .zip of a folder called `name`. Stored, not compressed: weights do not shrink. */
export async function zip(name: string, files: readonly NamedBytes[]): Promise<Uint8Array> {
  const { zipSync } = await import("fflate");
  return zipSync(Object.fromEntries(files.map((f) => [`${name}/${f.path}`, f.bytes])), {
    level: 0,
  });
}

/**
 * The run among files that were given: a .zip, or the files of a folder, which may lie in others. Throws
 * {@link RunError}, which names the part, when there is none, or it is damaged.
 */
export async function runAmong(given: readonly NamedBytes[]): Promise<{
  readonly name: string;
  readonly files: Files;
  readonly source: Source;
}> {
  const files = (await Promise.all(given.map(unpack))).flat();
  const configs = files
    .map((f) => f.path)
    .filter((path) => /(^|\/)config\.json$/.test(path))
    .sort((a, b) => a.split("/").length - b.split("/").length);
  const config = configs[0];
  if (config === undefined)
    throw new RunError(
      `there is no run in ${given
        .map((f) => f.path)
        .slice(0, 3)
        .join(", ")}: it has no config.json; choose the folder that holds it, or its .zip`,
    );
  const start = config.slice(0, -"config.json".length);
  const name = start.split("/").filter(Boolean).at(-1) ?? "run";
  const own: Files = new Map();
  for (const { path, bytes } of files) {
    const inside = path.startsWith(start) ? path.slice(start.length) : "";
    if (OURS.test(inside)) own.set(inside, bytes);
  }
  const run = await Run.open(memoryFolder(name, own));
  await run.load();
  return { name, files: own, source: (run.config.data as { source: Source }).source };
}

async function unpack(file: NamedBytes): Promise<NamedBytes[]> {
  if (!/\.zip$/i.test(file.path)) return [file];
  const { unzipSync } = await import("fflate");
  try {
    const found = unzipSync(file.bytes);
    return Object.entries(found).map(([path, bytes]) => ({ path, bytes }));
  } catch (error) {
    throw new RunError(
      `${file.path} is not a whole .zip: ${(error as Error).message}; copy it again from where it was made`,
    );
  }
}
