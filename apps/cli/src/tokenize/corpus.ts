import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { endianness } from "node:os";
import { basename, dirname, join } from "node:path";
import type { EncodeOptions, Tokenizer } from "@muladd/tokenizer";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { endWith } from "../program.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { bar } from "../ui/draw.ts";
import { integer as grouped, quantity } from "../ui/format.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";
import { type Invalid, textOf } from "./utf8.ts";

/** Ids of a token file: little-endian, nothing before or between them, as nanoGPT's train.bin. */
export type TokenType = "u16" | "u32";

export interface CorpusOptions {
  readonly out: string;
  readonly dtype?: TokenType | undefined;
  readonly invalid: Invalid;
  readonly special: EncodeOptions;
  readonly json: boolean;
  readonly progress: string;
  readonly quiet: boolean;
}

const PART = 1 << 20;
const BAR = 24;

/**
 * Writes the ids of text files, joined as `train` joins them, to a file, and beside it `FILE.json`, which says what they
 * are. Memory does not grow with the text. The file is there whole or not at all, also after Ctrl-C.
 */
export async function tokenizeFiles(
  io: IO,
  paths: readonly string[],
  tokenizer: Tokenizer,
  options: CorpusOptions,
): Promise<void> {
  const dtype = options.dtype ?? (tokenizer.size <= 2 ** 16 ? "u16" : "u32");
  if (dtype === "u16" && tokenizer.size > 2 ** 16)
    throw new UsageError(`--dtype u16 cannot hold ids up to ${grouped(tokenizer.size - 1)}`, {
      remedies: "--dtype u32",
    });
  const sizes = paths.map((path) => sizeOf(io, path));
  const total = sizes.includes(undefined) ? undefined : sizes.reduce<number>((a, b) => a + b!, 0);
  const target = absolute(io, options.out);
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory())
    throw new CLIError(`${options.out} is a folder, not a file for tokens`, {
      remedies: `-o ${join(options.out, "corpus.bin")}`,
    });
  const temporary = `${target}.tmp`;
  let stopped: number | undefined;
  const off = io.onSignal((signal) => {
    stopped = exitCodes[signal];
  });
  const started = performance.now();
  let [bytes, count, done] = [0, 0, false];
  await mkdir(dirname(target), { recursive: true });
  const file = await open(temporary, "w");
  try {
    using ticker = new Ticker(io, options);
    const seen = async function* (parts: AsyncIterable<Uint8Array>) {
      for await (const part of parts) {
        yield part;
        bytes += part.length;
        const speed = bytes / (performance.now() - started) / 1000;
        const share = total === undefined ? "" : ` ${bar(bytes / total, BAR, showsUTF8(io.env))}`;
        ticker.tick({
          what: "tokenizing",
          done: bytes,
          ...(total === undefined ? {} : { total }),
          detail: `${share} ${quantity(bytes, "B")} · ${speed.toFixed(1)} MB/s · ${grouped(count)} tokens`,
        });
      }
    };
    const encoder = tokenizer.encoder(options.special);
    for await (const text of joined(io, paths, seen, options.invalid)) {
      if (stopped !== undefined) break;
      count += await append(file, encoder.push(text), dtype);
    }
    if (stopped === undefined) {
      count += await append(file, encoder.flush(), dtype);
      if (count === 0) throw new CLIError("there is no text to write tokens of");
      await file.sync();
      await rename(temporary, target);
      done = true;
    }
  } finally {
    off();
    await file.close();
    if (!done) await rm(temporary, { force: true });
  }
  if (stopped !== undefined) {
    io.stderr.write(`stopped; ${options.out} was not written\n`);
    endWith(io, stopped);
    return;
  }
  const about = {
    v: 1,
    dtype,
    count,
    bytes,
    tokenizer: { kind: tokenizer.kind, size: tokenizer.size, sha256: fingerprint(tokenizer) },
  };
  const { nodeFolder } = await import("@muladd/gpt/train");
  await nodeFolder(dirname(target)).write(
    `${basename(target)}.json`,
    new TextEncoder().encode(`${JSON.stringify(about, undefined, 2)}\n`),
  );
  if (options.json) return writeJSON(io, { ...about, output: options.out });
  const seconds = (performance.now() - started) / 1000;
  writeLines(io, [
    `${options.out}: ${grouped(count)} tokens (${dtype}) of ${quantity(bytes, "B")} of text, ${(bytes / count).toFixed(2)} bytes each`,
    `${options.out}.json says what they are · ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
  ]);
}

function sizeOf(io: IO, path: string): number | undefined {
  if (path === "-") {
    if (io.stdin.isTTY)
      throw new UsageError("- reads stdin, and stdin is the terminal", {
        remedies: `${io.program} tokenize - -o corpus.bin < FILE`,
      });
    return undefined;
  }
  const full = absolute(io, path);
  const stat = statSync(full, { throwIfNoEntry: false });
  if (!stat)
    throw new CLIError(`there is no file ${path}`, {
      why: [`looked for ${full}`, "with -o, arguments are files; a text comes in on stdin, as -"],
    });
  if (stat.isDirectory()) throw new CLIError(`${path} is a folder, not a text file`);
  return stat.isFile() ? stat.size : undefined; // a pipe does not say
}

/** The texts of files one after the other, a line break between where one is missing. */
async function* joined(
  io: IO,
  paths: readonly string[],
  seen: (parts: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  invalid: Invalid,
): AsyncGenerator<string> {
  let broken = true; // whether a line has ended
  for (const path of paths) {
    const parts =
      path === "-"
        ? io.stdin.parts()
        : createReadStream(absolute(io, path), { highWaterMark: PART });
    let first = true;
    for await (const text of textOf(seen(parts), path === "-" ? "stdin" : path, invalid)) {
      if (text === "") continue;
      if (first && !broken) yield "\n";
      first = false;
      broken = text.endsWith("\n");
      yield text;
    }
  }
}

async function append(file: FileHandle, ids: Int32Array, dtype: TokenType): Promise<number> {
  const values = dtype === "u16" ? Uint16Array.from(ids) : Uint32Array.from(ids);
  const bytes = Buffer.from(values.buffer);
  if (endianness() === "BE") dtype === "u16" ? bytes.swap16() : bytes.swap32();
  await file.writeFile(bytes);
  return ids.length;
}

/** A hash of every token's bytes and of the special tokens: equal for vocabularies that are, whatever file they are in. */
function fingerprint(tokenizer: Tokenizer): string {
  const hash = createHash("sha256");
  for (let id = 0; id < tokenizer.size; id++) hash.update(token(tokenizer, id)).update("\n");
  for (const [content, id] of tokenizer.specials) hash.update(`${id} ${content}\n`);
  return hash.digest("hex");
}

/** The bytes of a token in hexadecimal; nothing for an id that none has. */
function token(tokenizer: Tokenizer, id: number): string {
  try {
    return Buffer.from(tokenizer.token(id)).toString("hex");
  } catch (error) {
    if (error instanceof RangeError) return "";
    throw error;
  }
}
