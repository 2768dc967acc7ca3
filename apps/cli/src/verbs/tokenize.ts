import { basename, dirname } from "node:path";
import type { Tokenizer } from "@muladd/tokenizer";
import type { Command } from "commander";
import { readData } from "../data.ts";
import { CLIError, UsageError } from "../errors.ts";
import { absolute, type IO, paint } from "../io.ts";
import { openRun } from "../model.ts";
import { given, integer, type SharedOptions, verb } from "../options.ts";
import { textArgument } from "../text.ts";
import { integer as grouped } from "../ui/format.ts";
import { progressOption } from "../ui/mode.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";

interface Options extends SharedOptions {
  readonly run?: string;
  readonly tokenizer?: string;
  readonly ids?: boolean;
  readonly decode?: boolean;
  readonly count?: boolean;
  readonly train?: readonly string[];
  readonly out?: string;
  readonly vocabulary: number;
  readonly progress: string;
}

/** `muladd tokenize`: text ↔ tokens, and training a BPE. */
export function tokenizeCommand(io: IO): Command {
  const command = verb(io, "tokenize", "Show how text becomes tokens, or train a tokenizer.", [
    'tokenize "To be, or not to be" --run runs/small-1',
    "tokenize --train my.txt -o tok.json --vocabulary 1024",
    'tokenize "Hello" --tokenizer tok.json --ids',
  ])
    .argument("[text]", "the text, or the ids with --decode; stdin where there is none")
    .option("--run <run>", "with the tokenizer of a run folder")
    .option(
      "--tokenizer <name>",
      "char (of the text itself), bytes, or a tokenizer.json (default: bytes)",
    )
    .option("--ids", "only the ids")
    .option("--decode", "ids to text")
    .option("--count", "only how many tokens")
    .option("--train <data...>", "learn a byte-level BPE from text files; - is stdin")
    .option("-o, --out <file>", "with --train: where the tokenizer goes")
    .option(
      "--vocabulary <n>",
      "with --train: tokens, of which 256 are the bytes",
      integer(256),
      512,
    )
    .addOption(progressOption())
    .action(async (text: string | undefined, options: Options) => {
      check(io, command, text, options);
      if (options.train) return train(io, options.train, options);
      if (options.decode) return decode(io, text, options);
      return encode(io, text, options);
    });
  return command;
}

/** Flags that say different things, or would say nothing. */
function check(
  { program }: IO,
  command: Command,
  text: string | undefined,
  options: Options,
): void {
  const clash = (a: string, b: string) => {
    throw new UsageError(`${a} and ${b} do not go together`, { remedies: [a, b] });
  };
  const { train } = options;
  const modes = (["ids", "decode", "count", "train"] as const).filter((name) => options[name]);
  if (modes.length > 1) clash(`--${modes[0]}`, `--${modes[1]}`);
  if (options.run !== undefined && options.tokenizer !== undefined) clash("--run", "--tokenizer");
  for (const name of ["run", "tokenizer"] as const)
    if (train && options[name] !== undefined) clash("--train", `--${name}`);
  if (train && text !== undefined) clash("a text", "--train");
  for (const name of ["out", "vocabulary"] as const)
    if (!train && given(command, name))
      throw new UsageError(`--${name} needs --train`, {
        remedies: `${program} tokenize --train FILE -o tok.json`,
      });
}

async function encode(io: IO, argument: string | undefined, options: Options): Promise<void> {
  const text = await textArgument(io, argument, "tokenize");
  const tokenizer = await open(io, options, text);
  const ids = Array.from(tokenizer.encode(text));
  const { showToken, tokenText } = await import("@muladd/tokenizer");
  if (options.json)
    return writeJSON(io, {
      v: 1,
      tokenizer: { kind: tokenizer.kind, size: tokenizer.size },
      count: ids.length,
      ids,
      // null where a token is only a part of a character
      tokens: ids.map((id) => tokenText(tokenizer.token(id)) ?? null),
    });
  if (options.count) return writeLines(io, [String(ids.length)]);
  if (options.ids) return writeLines(io, [ids.join(" ")]);
  const characters = Array.from(text).length;
  const each =
    ids.length > 0 ? ` · ${(characters / ids.length).toFixed(2)} characters a token` : "";
  writeLines(io, [
    ...chips(io, tokenizer, ids, showToken),
    ids.join(" "),
    `${count(ids.length, "token")} (${tokenizer.kind}, ${grouped(tokenizer.size)}) · ${count(characters, "character")}${each}`,
  ]);
}

const count = (n: number, what: string) => `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;

/** Backgrounds on which black is readable, so that neighbours differ. */
const CHIPS = ["bgCyan", "bgYellow", "bgGreen", "bgMagenta"] as const;

/** Each token in a colour of its own, or between bars where there is no colour; a line ends where the text's does. */
function chips(
  io: IO,
  tokenizer: Tokenizer,
  ids: readonly number[],
  show: (bytes: Uint8Array) => string,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [i, id] of ids.entries()) {
    const bytes = tokenizer.token(id);
    const shown = show(bytes);
    line += io.stdout.colors
      ? paint(io.stdout, [CHIPS[i % CHIPS.length]!, "black"], shown)
      : `${line ? "" : "│"}${shown}│`;
    if (bytes.includes(10)) {
      lines.push(line);
      line = "";
    }
  }
  return line ? [...lines, line] : lines;
}

async function decode(io: IO, argument: string | undefined, options: Options): Promise<void> {
  const text = await textArgument(io, argument, "tokenize --decode");
  if (options.tokenizer === "char")
    throw new UsageError("--tokenizer char cannot decode: it is made of the text", {
      remedies: ["--run RUN", "--tokenizer tokenizer.json"],
    });
  const tokenizer = await open(io, options, "");
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

async function open(io: IO, { run, tokenizer }: Options, text: string): Promise<Tokenizer> {
  if (run !== undefined) return (await openRun(io, run)).tokenizer;
  const { bytes, characters, loadTokenizer } = await import("@muladd/tokenizer");
  if (tokenizer === undefined || tokenizer === "bytes") return bytes();
  if (tokenizer === "char") {
    if (text === "") throw new CLIError("the text is empty", { why: "it has no characters" });
    return characters(text);
  }
  const { readFile } = await import("node:fs/promises");
  let json: string;
  try {
    json = await readFile(absolute(io, tokenizer), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const { nearest } = await import("@muladd/gpt");
    throw new UsageError(`there is no tokenizer ${tokenizer}`, {
      why: "it is char, bytes, or the path of a tokenizer.json",
      remedies: [`--tokenizer ${nearest(tokenizer, ["char", "bytes"]) ?? "bytes"}`, "--run RUN"],
      cause: error,
    });
  }
  return loadTokenizer(json);
}

async function train(io: IO, data: readonly string[], options: Options): Promise<void> {
  const { out: output, vocabulary } = options;
  if (output === undefined)
    throw new UsageError("--train needs a file for the tokenizer", { remedies: "-o tok.json" });
  const { text, name } = await readData(io, data);
  const { trainBPE } = await import("@muladd/tokenizer");
  const learn = () => {
    using ticker = new Ticker(io, options);
    return trainBPE(text, {
      vocabulary,
      onProgress: ({ phase, done, total }) =>
        ticker.tick({
          what: phase === "counting" ? "counting characters" : "merging, tokens",
          done,
          ...(total === undefined ? {} : { total }),
        }),
    });
  };
  const tokenizer = learn();
  const { nodeFolder } = await import("@muladd/gpt/train");
  const path = absolute(io, output);
  const json = `${JSON.stringify(tokenizer.toJSON(), undefined, 2)}\n`;
  await nodeFolder(dirname(path)).write(basename(path), new TextEncoder().encode(json));
  const count = tokenizer.encode(text).length;
  const characters = Array.from(text).length;
  if (options.json)
    return writeJSON(io, { v: 1, output, size: tokenizer.size, characters, tokens: count });
  writeLines(io, [
    `${output}: ${grouped(tokenizer.size)} tokens learned from ${name}`,
    `${grouped(characters)} characters → ${grouped(count)} tokens, ${(characters / count).toFixed(2)} characters each`,
    ...(tokenizer.size < vocabulary
      ? [`the text has no pair left to merge: ${grouped(vocabulary)} were asked for`]
      : []),
  ]);
}
