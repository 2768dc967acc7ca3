import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type { EncodingName, Tokenizer } from "@muladd/tokenizer";
import { CLIError, UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { openRun } from "../model.ts";

/** The flags that say which tokenizer. */
export interface TokenizerOptions {
  readonly run?: string;
  readonly tokenizer?: string;
  readonly encoding?: string;
  readonly vocab?: string;
  readonly merges?: string;
}

/** Encodings that have the ranks of another. */
const RANKS: Partial<Record<EncodingName, EncodingName>> = {
  gpt2: "r50k_base",
  p50k_edit: "p50k_base",
  o200k_harmony: "o200k_base",
};

/**
 * The tokenizer that the flags name; bytes where they name none. `text`: what --tokenizer char is made of, undefined
 * where it is not known. Throws CLIError and UsageError that say what there is and what to install.
 */
export async function openTokenizer(
  io: IO,
  { run, tokenizer: name = "bytes", encoding, vocab, merges }: TokenizerOptions,
  text: string | undefined,
): Promise<Tokenizer> {
  const library = await import("@muladd/tokenizer");
  const { bytes, characters, encodings, loadTokenizer, tiktoken } = library;
  const isEncoding = (one: string): one is EncodingName => Object.hasOwn(encodings, one);
  if (run !== undefined) return (await openRun(io, run)).tokenizer;
  if (vocab !== undefined && merges !== undefined)
    return fromMerges(library, read(io, vocab), read(io, merges));
  if (name === "bytes") return bytes();
  if (name === "char") {
    if (text === undefined)
      throw new UsageError("--tokenizer char does not go with this: it is made of the text", {
        remedies: ["--run RUN", "--tokenizer tokenizer.json"],
      });
    if (text === "") throw new CLIError("the text is empty", { why: "it has no characters" });
    return characters(text);
  }
  const path = absolute(io, name);
  if (isEncoding(name) && !existsSync(path)) return tiktoken(ranks(io, name), name);
  if (!existsSync(path)) {
    const { nearest } = await import("@muladd/gpt");
    const known = ["char", "bytes", ...Object.keys(encodings)];
    throw new UsageError(`there is no tokenizer ${name}`, {
      why: `it is ${known.join(", ")}, or the path of a tokenizer.json, a .tiktoken file or a folder`,
      remedies: [
        `--tokenizer ${known.find((one) => one.startsWith(name)) ?? nearest(name, known) ?? "bytes"}`,
        "--run RUN",
      ],
    });
  }
  if (statSync(path).isDirectory()) return fromFolder(io, name, library);
  if (!name.endsWith(".tiktoken")) return loadTokenizer(read(io, name));
  const of = encoding ?? basename(name, ".tiktoken");
  if (!isEncoding(of))
    throw new UsageError(
      encoding === undefined
        ? `the name of ${name} does not say which encoding it holds`
        : `there is no encoding ${encoding}`,
      {
        why: `a .tiktoken file has no pattern and no special tokens; there are ${Object.keys(encodings).join(", ")}`,
        remedies: "--encoding cl100k_base",
      },
    );
  return tiktoken(readFileSync(path), of);
}

type Library = typeof import("@muladd/tokenizer");

function read(io: IO, path: string): string {
  try {
    return readFileSync(absolute(io, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new CLIError(`there is no file ${path}`, {
      why: `looked for ${absolute(io, path)}`,
      cause: error,
    });
  }
}

function fromFolder(io: IO, folder: string, library: Library): Tokenizer {
  const has = (name: string) => existsSync(absolute(io, join(folder, name)));
  const of = (name: string) => read(io, join(folder, name));
  if (has("tokenizer.json")) return library.loadTokenizer(of("tokenizer.json"));
  if (has("vocab.json") && has("merges.txt"))
    return fromMerges(library, of("vocab.json"), of("merges.txt"));
  throw new CLIError(`${folder} holds no tokenizer`, {
    why: "it would be tokenizer.json, or vocab.json and merges.txt",
  });
}

/**
 * GPT-2's two files: tokens by id, and merges in their order. Tokens like <|endoftext|> that no merge makes are special.
 */
function fromMerges({ readVocabMerges }: Library, vocab: string, merges: string): Tokenizer {
  let tokens: unknown;
  try {
    tokens = JSON.parse(vocab);
  } catch (cause) {
    throw new CLIError("the vocabulary is not JSON", { why: 'like {"hello": 31373, …}', cause });
  }
  const made = new Set(merges.split(/\r?\n/).map((line) => line.replace(" ", "")));
  const specials = Object.keys(tokens ?? {}).filter(
    (token) => /^<.+>$/.test(token) && !made.has(token),
  );
  return readVocabMerges(vocab, merges, { specials });
}

/** The ranks of an encoding: NAME.tiktoken in the working directory, else those of an npm package installed there. */
function ranks(io: IO, name: EncodingName): string | Uint8Array {
  const file = RANKS[name] ?? name;
  for (const one of new Set([name, file])) {
    const path = absolute(io, `${one}.tiktoken`);
    if (existsSync(path)) return readFileSync(path);
  }
  const { resolve } = createRequire(join(io.cwd, "index.js"));
  const found = (module: string): string | undefined => {
    try {
      return resolve(module);
    } catch {
      return undefined; // not installed
    }
  };
  const path = found(`tiktoken/encoders/${file}.json`) ?? found(`js-tiktoken/ranks/${file}`);
  // js-tiktoken holds the same JSON in a module: its text is read, not run. No quote is in base64.
  const text = path ? readFileSync(path, "utf8") : "";
  const ranks = /^\W+("[^"]*")/.exec(text.slice(text.indexOf("bpe_ranks") + "bpe_ranks".length));
  if (ranks) return JSON.parse(ranks[1]!);
  throw new CLIError(`the ranks of ${name} are not here`, {
    why: [
      `looked for ${file}.tiktoken in ${io.cwd}, and for the npm packages tiktoken and js-tiktoken from there`,
      "muladd ships no vocabulary of others",
    ],
    remedies: ["npm install tiktoken", `--tokenizer PATH/${file}.tiktoken`],
  });
}
