import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { FileRecord, MadeSource, Source } from "@muladd/corpus";
import { CLIError, exitCodes, explain, UsageError } from "./errors.ts";
import { absolute, type IO } from "./io.ts";

/** Text to train on. */
export interface Data {
  readonly text: string;
  /** As messages call it. */
  readonly name: string;
  readonly source: Source;
}

/** Reads files, joined in their order, a line break between them where one is missing; "-" is stdin. */
export async function readData(io: IO, paths: readonly string[]): Promise<Data> {
  if (paths.filter((path) => path === "-").length > 1)
    throw new UsageError("- stands for stdin, and can be read once", { remedies: "-" });
  const parts: { text: string; record: FileRecord }[] = [];
  for (const path of paths) parts.push(await readText(io, path));
  const [first] = parts;
  const source: Source =
    parts.length === 1 && first!.record.path === "-"
      ? { kind: "stdin", file: first!.record }
      : { kind: "files", files: parts.map((p) => p.record) };
  const names = paths.map((path) => (path === "-" ? "stdin" : path));
  const name = names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(" + ");
  return { text: join(parts.map((p) => p.text)), name, source };
}

/** The embedded corpus of simple stories, or the text of a toy task. */
export async function madeData(source: MadeSource): Promise<Data> {
  const { madeText } = await import("@muladd/corpus");
  const name = source.kind === "task" ? `task ${source.task}` : "embedded stories";
  return { text: madeText(source), name, source };
}

/** The embedded stories that nobody need ask for. */
export async function storyData(): Promise<Data> {
  const { SIZES } = await import("@muladd/corpus");
  return madeData({ kind: "stories", ...SIZES.stories });
}

/**
 * Reads the text of a run again. Throws CLIError when a file is gone or is not what it was. `run` is the folder, as
 * messages call it; `anew` the command that gives the text anew, as FILE: "eval RUN FILE".
 */
export async function recallData(
  io: IO,
  source: unknown,
  run: string,
  anew = `train FILE --resume ${quote(run)}`,
): Promise<Data> {
  const known = source as Partial<Source>;
  switch (known.kind) {
    case "stories":
    case "task":
      return madeData(known as MadeSource);
    case "stdin":
      throw new CLIError(`the text of ${run} came from stdin and must be given again`, {
        remedies: `${io.program} ${anew.replace("FILE", "-")} < FILE`,
      });
    case "files": {
      const { files } = known as { files: readonly FileRecord[] };
      const parts: string[] = [];
      for (const file of files) parts.push(await recallFile(io, file, run, anew));
      const name = files.map((f) => shorter(io, f.path)).join(" + ");
      return { text: join(parts), name, source: known as Source };
    }
    default:
      throw new CLIError(`${run} does not say where its text came from`, {
        remedies: `${io.program} ${anew}`,
      });
  }
}

async function recallFile(io: IO, file: FileRecord, run: string, anew: string): Promise<string> {
  const shown = shorter(io, file.path);
  let read: { text: string; record: FileRecord };
  try {
    read = await readText(io, file.path);
  } catch (error) {
    throw new CLIError(`the text of ${run} cannot be read: ${explain(error)?.message ?? error}`, {
      why: "give the file again",
      remedies: `${io.program} ${anew}`,
      cause: error,
    });
  }
  if (read.record.sha256 !== file.sha256)
    throw new CLIError(`${shown} is not the text that ${run} began with`, {
      why: [
        `it had ${file.bytes} bytes (sha256 ${file.sha256.slice(0, 12)}…), and has ${read.record.bytes} (${read.record.sha256.slice(0, 12)}…)`,
        "bring the old file back, or go on with the new text by naming it",
      ],
      remedies: `${io.program} ${anew.replace("FILE", () => quote(shown))}`,
    });
  return read.text;
}

/** Whether two sources are the same text, wherever the files lie. */
export function sameText(a: Source, b: unknown): boolean {
  const prints = (s: Source) =>
    s.kind === "files" ? s.files.map((f) => f.sha256) : s.kind === "stdin" ? [s.file.sha256] : [s];
  const other = b as Partial<Source>;
  return (
    (other.kind === "files" || other.kind === "stdin") &&
    JSON.stringify(prints(a)) === JSON.stringify(prints(other as Source))
  );
}

const shorter = (io: IO, path: string) =>
  path.startsWith(`${io.cwd}/`) ? path.slice(io.cwd.length + 1) : path;

/** A path as a shell takes it. */
export const quote = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

const join = (texts: readonly string[]) =>
  texts.reduce(
    (all, text) => (all === "" || all.endsWith("\n") ? all + text : `${all}\n${text}`),
    "",
  );

/** A text file as a string. Throws CLIError for one that is missing, empty, a folder, or not UTF-8 text. */
export async function readText(
  io: IO,
  path: string,
): Promise<{ text: string; record: FileRecord }> {
  const name = path === "-" ? "stdin" : shorter(io, path);
  if (path === "-" && io.stdin.isTTY)
    throw new UsageError("- reads stdin, and stdin is the terminal", {
      remedies: `${io.program} train - < FILE`,
    });
  const bytes = path === "-" ? await io.stdin.read() : readBytes(io, path, name);
  if (bytes.length === 0)
    throw new CLIError(`${name} is empty`, { why: "it must hold UTF-8 text" });
  const text = decode(bytes, name);
  if (text.trim() === "") throw new CLIError(`${name} holds nothing but white space`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    text,
    record: { path: path === "-" ? path : absolute(io, path), bytes: bytes.length, sha256 },
  };
}

function readBytes(io: IO, path: string, name: string): Uint8Array {
  const full = absolute(io, path);
  try {
    if (statSync(full).isDirectory())
      throw new CLIError(`${name} is a folder, not a text file`, {
        remedies: `${io.program} train ${quote(name.replace(/\/+$/, ""))}/*.txt`,
      });
    return readFileSync(full);
  } catch (error) {
    if (error instanceof CLIError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new CLIError(`there is no file ${name}`, {
        why: `looked for ${full}`,
        cause: error,
      });
    if (code === "ERR_FS_FILE_TOO_LARGE") throw tooLarge(name);
    const reason = explain(error);
    if (!reason) throw error;
    throw new CLIError(`${name} cannot be read: ${reason.message.replace(`${full}: `, "")}`, {
      cause: error,
      exitCode: exitCodes.failed,
    });
  }
}

// V8's longest string, 2^29 − 24 units.
const LONGEST = 0x1fffffe8;

const tooLarge = (name: string) =>
  new CLIError(`${name} is larger than 536 MB, the longest text that Node can hold`, {
    why: "train on a part of it",
    remedies: `head -c 500M ${quote(name)} > text.txt`,
  });

function decode(bytes: Uint8Array, name: string): string {
  if (bytes.length > LONGEST) throw tooLarge(name);
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? "UTF-16LE" : undefined;
  const big = bytes[0] === 0xfe && bytes[1] === 0xff ? "UTF-16BE" : undefined;
  const encoding = wide ?? big;
  const convert = (from: string) => `iconv -f ${from} -t UTF-8 ${quote(name)} > text.txt`;
  if (encoding)
    throw new CLIError(`${name} is ${encoding} text, not UTF-8`, { remedies: convert("UTF-16") });
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw new CLIError(`${name} is a binary file, not text`, {
      why: `byte ${nul} is NUL; it must hold UTF-8 text`,
    });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CLIError(`${name} is not UTF-8 text`, {
      why: `byte ${firstInvalid(bytes)} does not belong to a character; if it is text in another encoding, convert it`,
      remedies: convert("LATIN1"),
    });
  }
}

/** Where UTF-8 first breaks: the first replacement that decoding made, and that is not in the bytes. */
export function firstInvalid(bytes: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  for (let i = text.indexOf("\uFFFD"); i >= 0; i = text.indexOf("\uFFFD", i + 1)) {
    const at = Buffer.byteLength(text.slice(0, i));
    if (!(bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd)) return at;
  }
  return bytes.length;
}
