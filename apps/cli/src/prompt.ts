import { readFileSync } from "node:fs";
import type { Tokenizer } from "@muladd/tokenizer";
import { InvalidArgumentError, Option } from "commander";
import { encodeText } from "./encode-text.ts";
import { CLIError, explain, UsageError } from "./errors.ts";
import { absolute, type IO } from "./io.ts";
import type { OpenModel } from "./model.ts";

/** The flags that say what a model reads. */
export interface PromptOptions {
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly ids?: readonly number[];
}

/** `--ids 5,9,2` */
export const idsOption = (about: string): Option =>
  new Option("--ids <ids>", about).argParser((text) =>
    text.split(",").map((part) => {
      const id = Number(part);
      if (part.trim() === "" || !Number.isSafeInteger(id) || id < 0)
        throw new InvalidArgumentError("it is token ids, from 0 on: 5,9,2");
      return id;
    }),
  );

/** What was asked for: flag, file, or piped text, whose last line break is echo's. "" for nothing. */
export async function readPrompt(
  io: IO,
  { prompt, promptFile, ids }: PromptOptions,
): Promise<string> {
  const both = [
    prompt !== undefined && "-p",
    promptFile !== undefined && "--prompt-file",
    ids && "--ids",
  ].filter((name) => typeof name === "string");
  if (both.length > 1)
    throw new UsageError(`${both[0]} and ${both[1]} exclude each other`, {
      remedies: "one of them",
    });
  if (prompt !== undefined) return prompt;
  if (promptFile !== undefined) {
    try {
      return readFileSync(absolute(io, promptFile), "utf8");
    } catch (error) {
      const reason = explain(error)?.message.replace(`${absolute(io, promptFile)}: `, "");
      throw new CLIError(`--prompt-file ${promptFile} cannot be read`, {
        ...(reason ? { why: reason } : {}),
        cause: error,
      });
    }
  }
  if (ids || io.stdin.isTTY) return "";
  return new TextDecoder().decode(await io.stdin.read()).replace(/\r?\n$/, "");
}

/**
 * The ids of `text`, or those given; for "" where a text of the model begins. Throws CLIError for text without a tokenizer,
 * and UsageError for ids that the model has not.
 */
export function promptIds(
  { model, tokenizer, begin, title }: OpenModel,
  text: string,
  given: readonly number[] | undefined,
): Int32Array {
  const { vocabulary } = model.config;
  const stray = given?.find((id) => id >= vocabulary);
  if (stray !== undefined)
    throw new UsageError(`--ids has ${stray}, which ${title} has not`, {
      why: `its vocabulary is 0 … ${vocabulary - 1}`,
    });
  if (given) return Int32Array.from(given);
  if (text === "" && begin !== undefined) return Int32Array.of(begin);
  if (!tokenizer)
    throw new CLIError(`${title} has no tokenizer: it cannot read text`, {
      why: "that would be tokenizer.json, or vocab.json and merges.txt, beside its config.json",
      remedies: "--ids 5,9,2",
    });
  const ids = encodeText(tokenizer, text || beginning(tokenizer), title.replace(/ step \d+$/, ""));
  const beyond = ids.find((id) => id >= vocabulary);
  if (beyond === undefined) return ids;
  throw new CLIError(
    `the tokenizer of ${title} gives the id ${beyond}, and the model has 0 … ${vocabulary - 1}`,
    {
      why: "its tokenizer.json is of another model",
    },
  );
}

/** Where a text begins when nobody says: at a new line, or the first token. */
function beginning(tokenizer: Tokenizer): string {
  try {
    tokenizer.encode("\n");
    return "\n";
  } catch {
    return tokenizer.decode([0]);
  }
}
