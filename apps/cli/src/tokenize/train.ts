import { basename, dirname } from "node:path";
import { readData } from "../data.ts";
import { UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { integer as grouped } from "../ui/format.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";

export interface TrainOptions {
  readonly out?: string;
  readonly vocabulary: number;
  readonly json: boolean;
  readonly progress: string;
  readonly quiet: boolean;
}

/** Learns a BPE from text files, and writes its tokenizer.json. */
export async function trainTokenizer(
  io: IO,
  data: readonly string[],
  options: TrainOptions,
): Promise<void> {
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
