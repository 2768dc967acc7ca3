import type { EncodeOptions } from "@muladd/tokenizer";
import { type Command, Option } from "commander";
import { readText } from "../data.ts";
import { CLIError, UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import { given, integer, type SharedOptions, verb } from "../options.ts";
import { textArgument } from "../text.ts";
import type { TokenType } from "../tokenize/corpus.ts";
import { openTokenizer, type TokenizerOptions } from "../tokenize/open.ts";
import type { Format } from "../tokenize/show.ts";
import type { Invalid } from "../tokenize/utf8.ts";
import { progressOption } from "../ui/mode.ts";
import { writeJSON, writeLines } from "../ui/table.ts";

interface Options extends SharedOptions, TokenizerOptions {
  readonly file?: string;
  readonly format?: Format;
  readonly ids?: boolean;
  readonly decode?: boolean;
  readonly count?: boolean;
  readonly allowSpecial?: boolean;
  readonly specialAsText?: boolean;
  readonly train?: readonly string[];
  readonly out?: string;
  readonly dtype?: TokenType;
  readonly invalid: Invalid;
  readonly vocabulary: number;
  readonly progress: string;
}

/** `muladd tokenize`: text ↔ tokens, text files → a token file, and training a BPE. */
export function tokenizeCommand(io: IO): Command {
  const command = verb(
    io,
    "tokenize",
    "Show how text becomes tokens, write a file of tokens, or train a tokenizer.",
    [
      'tokenize "To be, or not to be" --run runs/small-1',
      'tokenize "Hello" --tokenizer o200k_base --format table',
      "tokenize corpus.txt -o corpus.bin --tokenizer tok.json",
      "tokenize --train my.txt -o tok.json --vocabulary 1024",
    ],
  )
    .argument(
      "[text...]",
      "the text, or the ids with --decode; text files with -o; stdin where there is none, and for -",
    )
    .option("--file <file>", "the text of a file")
    .option("--run <run>", "with the tokenizer of a run folder")
    .option(
      "--tokenizer <name>",
      "bytes, char (of the text itself), an encoding such as cl100k_base, a tokenizer.json, a .tiktoken file, or a folder (default: bytes)",
    )
    .option("--encoding <name>", "of a .tiktoken file whose name does not tell it")
    .option("--vocab <file>", "with --merges: GPT-2's vocab.json")
    .option("--merges <file>", "with --vocab: GPT-2's merges.txt")
    .addOption(
      new Option("--format <format>", "how tokens are shown").choices([
        "text",
        "json",
        "ids",
        "table",
      ]),
    )
    .option("--ids", "only the ids: --format ids")
    .option("--decode", "ids to text")
    .option("--count", "only how many tokens")
    .option("--allow-special", "special tokens in the text are special")
    .option("--special-as-text", "special tokens in the text are text like any other")
    .option("--train <data...>", "learn a byte-level BPE from text files; - is stdin")
    .option("-o, --out <file>", "where tokens go, or with --train the tokenizer")
    .addOption(
      new Option("--dtype <type>", "with -o: of an id (default: u16 where all ids fit)").choices([
        "u16",
        "u32",
      ]),
    )
    .addOption(
      new Option("--invalid <what>", "with -o: bytes that are not UTF-8 are an error, or U+FFFD")
        .choices(["error", "replace"])
        .default("error"),
    )
    .option(
      "--vocabulary <n>",
      "with --train: tokens, of which 256 are the bytes",
      integer(256),
      512,
    )
    .addOption(progressOption())
    .action(async (texts: readonly string[], options: Options) => {
      check(io, command, texts, options);
      if (options.train) {
        const { trainTokenizer } = await import("../tokenize/train.ts");
        return trainTokenizer(io, options.train, options);
      }
      if (options.decode) return decode(io, texts[0], options);
      if (options.out !== undefined) return write(io, texts, { ...options, out: options.out });
      return encode(io, texts[0], options);
    });
  return command;
}

/** Flags that say different things, or would say nothing. */
function check(
  { program }: IO,
  command: Command,
  texts: readonly string[],
  options: Options,
): void {
  const clash = (a: string, b: string) => {
    throw new UsageError(`${a} and ${b} do not go together`, { remedies: [a, b] });
  };
  const flag = (name: string) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const exclusive = (...names: (keyof Options)[]) => {
    const [a, b] = names.filter((name) => options[name] !== undefined && options[name] !== false);
    if (a && b) clash(flag(a), flag(b));
  };
  exclusive("ids", "decode", "count", "train");
  for (const name of ["json", "ids", "decode", "count", "train"] as const)
    exclusive("format", name);
  exclusive("run", "tokenizer", "vocab");
  exclusive("allowSpecial", "specialAsText", "train");
  for (const name of ["run", "tokenizer", "vocab", "file"] as const) exclusive("train", name);
  for (const name of ["ids", "decode", "count", "format", "file"] as const) exclusive("out", name);
  if ((options.vocab === undefined) !== (options.merges === undefined))
    throw new UsageError("--vocab and --merges go together", {
      remedies: "--vocab vocab.json --merges merges.txt",
    });
  if (options.train && texts.length > 0) clash("a text", "--train");
  if (options.file !== undefined && texts.length > 0) clash("a text", "--file");
  if (texts.length > 1 && options.out === undefined)
    throw new UsageError("there is more than one text", {
      why: "quote a text that has spaces; files go with -o, or with --file",
      remedies: `${program} tokenize "${texts.join(" ")}"`,
    });
  if (!options.train && given(command, "vocabulary"))
    throw new UsageError("--vocabulary needs --train", {
      remedies: `${program} tokenize --train FILE -o tok.json`,
    });
  for (const name of ["dtype", "invalid"] as const)
    if ((options.out === undefined || options.train) && given(command, name))
      throw new UsageError(`--${name} needs -o, and text files`, {
        remedies: `${program} tokenize FILE -o corpus.bin`,
      });
}

const specialOf = ({ allowSpecial, specialAsText }: Options): EncodeOptions =>
  allowSpecial ? { allowedSpecial: "all" } : specialAsText ? { disallowedSpecial: [] } : {};

/** Runs what encodes; a special token in the text is told with the flags that say what to make of it. */
async function withSpecials<T>(encode: () => T | Promise<T>): Promise<T> {
  try {
    return await encode();
  } catch (error) {
    if (!(error instanceof Error && error.name === "SpecialTokenError" && "token" in error))
      throw error;
    throw new CLIError(`the text spells the special token ${error.token}`, {
      why: "it may come from outside, so nothing is assumed",
      remedies: ["--allow-special", "--special-as-text"],
      cause: error,
    });
  }
}

async function encode(io: IO, argument: string | undefined, options: Options): Promise<void> {
  const { file } = options;
  const text =
    file === undefined
      ? await textArgument(io, argument, "tokenize")
      : (await readText(io, file)).text;
  const tokenizer = await openTokenizer(io, options, text);
  const special = specialOf(options);
  if (options.count && !options.json) {
    const count = await withSpecials(() => tokenizer.count(text, special));
    return writeLines(io, [String(count)]);
  }
  const encoded = await withSpecials(() => tokenizer.encodeWithOffsets(text, special));
  const { tokenLines } = await import("../tokenize/show.ts");
  const format = options.json ? "json" : options.ids ? "ids" : (options.format ?? "text");
  writeLines(io, tokenLines(io, tokenizer, text, encoded, format));
}

async function write(
  io: IO,
  files: readonly string[],
  options: Options & { readonly out: string },
): Promise<void> {
  if (files.length === 0 && io.stdin.isTTY)
    throw new UsageError("-o needs text files, or text on stdin", {
      why: "without --train it is where the tokens go",
      remedies: [
        `${io.program} tokenize FILE -o ${options.out}`,
        `${io.program} tokenize --train FILE -o tok.json`,
      ],
    });
  const tokenizer = await openTokenizer(io, options, undefined);
  const { tokenizeFiles } = await import("../tokenize/corpus.ts");
  await withSpecials(() =>
    tokenizeFiles(io, files.length > 0 ? files : ["-"], tokenizer, {
      ...options,
      special: specialOf(options),
    }),
  );
}

async function decode(io: IO, argument: string | undefined, options: Options): Promise<void> {
  const text =
    options.file === undefined
      ? await textArgument(io, argument, "tokenize --decode")
      : (await readText(io, options.file)).text;
  const tokenizer = await openTokenizer(io, options, undefined);
  const words = text.split(/[\s,[\]]+/).filter(Boolean);
  const ids = words.map((word) => {
    const id = Number(word);
    if (Number.isSafeInteger(id) && id >= 0 && id < tokenizer.size) return id;
    throw new CLIError(`${JSON.stringify(word)} is not an id of this tokenizer`, {
      why: `its ids are 0 … ${tokenizer.size - 1}, with spaces or commas between`,
    });
  });
  const decoded = tokenizer.decode(ids);
  if (options.json) writeJSON(io, { v: 1, count: ids.length, text: decoded });
  else io.stdout.write(io.stdout.isTTY ? `${decoded}\n` : decoded);
}
