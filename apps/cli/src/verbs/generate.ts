import { readFileSync } from "node:fs";
import type { Choice, GenerateOptions } from "@muladd/gpt";
import type { Tokenizer } from "@muladd/tokenizer";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { encodeText } from "../encode-text.ts";
import { CLIError, exitCodes, explain, UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import { absolute, type IO, paint, type Signal } from "../io.ts";
import { checkpointOption, openModel } from "../model.ts";
import {
  backendOption,
  given,
  integer,
  memoryOption,
  number,
  type SharedOptions,
  seedOption,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { endWith } from "../program.ts";
import { StopText } from "../stop-text.ts";
import { integer as grouped, speed } from "../ui/format.ts";

interface Options extends SharedOptions {
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly greedy?: boolean;
  readonly seed?: number;
  readonly stop?: string;
  readonly checkpoint: number | "best" | "newest";
  readonly cache: boolean;
  readonly probs?: number;
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly memory?: number;
}

/** `muladd generate RUN` */
export function generateCommand(io: IO): Command {
  const command = verb(io, "generate", "Let a trained model continue a text.", [
    'generate runs/small-1 -p "Once upon"',
    "generate runs/small-1 -n 500 --temperature 0.6 --seed 1 > story.txt",
    'generate runs/small-1 -p "The cat" --probs 5 -n 20',
  ])
    .argument("<run>", "the folder of a run")
    .addOption(
      new Option("-p, --prompt <text>", "what to continue (default: stdin, or a new line)"),
    )
    .addOption(new Option("--prompt-file <file>", "what to continue, from a file"))
    .addOption(
      new Option("-n, --tokens <n>", "how many tokens at most").argParser(integer(0)).default(200),
    )
    .addOption(
      new Option("--temperature <t>", "below 1 more certain, above 1 more random")
        .argParser(number)
        .default(0.8),
    )
    .addOption(new Option("--top-k <k>", "choose among the k likeliest").argParser(integer(1)))
    .addOption(new Option("--top-p <p>", "among the likeliest that make up p").argParser(number))
    .addOption(
      new Option("--min-p <p>", "among those with p of the best's share").argParser(number),
    )
    .addOption(new Option("--greedy", "always the likeliest: temperature 0"))
    .addOption(seedOption("repeats a text (default: a random one)"))
    .addOption(new Option("--stop <text>", "end before this text"))
    .addOption(checkpointOption())
    .addOption(
      new Option("--no-cache", "compute all positions for every token: slow, the same text"),
    )
    .addOption(
      new Option("--probs <n>", "a row for each token, with the n likeliest").argParser(integer(1)),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(wideOption());
  return command.action((path: string, options: Options) =>
    generateVerb(io, command, path, options),
  );
}

async function generateVerb(
  io: IO,
  command: Command,
  path: string,
  options: Options,
): Promise<void> {
  if (options.greedy)
    for (const name of ["temperature", "topK", "topP", "minP"])
      if (given(command, name))
        throw new UsageError(`--greedy and ${flag(name)} exclude each other`, {
          remedies: "one of them",
        });
  if (options.stop === "") throw new UsageError("--stop is empty", { remedies: "leave it out" });
  const asked = await promptOf(io, options);
  using backend = await openBackend(options.backend, options);
  const warn = (message: string) => io.stderr.write(`note: ${message}\n`);
  const { run, model, step } = await openModel(io, path, backend, options.checkpoint, warn);
  const { tokenizer } = run;
  const prompt = asked || beginning(tokenizer);
  const ids = encodeText(tokenizer, prompt, path);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);

  const abort = new AbortController();
  let signal: Signal | undefined;
  const off = io.onSignal((name) => {
    if (signal) io.exit(exitCodes[name]);
    signal = name;
    abort.abort();
  });
  const started = performance.now();
  let result: Written;
  try {
    result = await write(io, tokenizer, ids, asked, options, model, {
      ...sampling(options),
      seed,
      signal: abort.signal,
    });
  } finally {
    off();
  }
  const seconds = (performance.now() - started) / 1000;
  const tokPerSec = result.ids.length / seconds;
  if (options.json) {
    const finish = signal ? "interrupted" : result.finish;
    const { text, choices } = result;
    const said = {
      v: 1,
      run: path,
      checkpoint: step,
      prompt,
      text,
      ids: result.ids,
      seed,
      tokPerSec,
    };
    const table = options.probs ? { choices } : {};
    io.stdout.write(`${JSON.stringify({ ...said, finish, ...table })}\n`);
  }
  if (!options.quiet && (options.verbose || (io.stderr.isTTY && !options.json)))
    io.stderr.write(
      `${paint(io.stderr, "dim", `${grouped(result.ids.length)} tokens · ${speed(tokPerSec)} tok/s · step ${step} · seed ${seed}`)}\n`,
    );
  if (signal) endWith(io, exitCodes[signal]);
}

function sampling({
  tokens,
  temperature,
  greedy,
  topK,
  topP,
  minP,
  cache,
  probs,
}: Options): GenerateOptions {
  return {
    maxTokens: tokens,
    temperature: greedy ? 0 : temperature,
    topK,
    ...(topP === undefined ? {} : { topP }),
    ...(minP === undefined ? {} : { minP }),
    cache,
    candidates: probs ?? 0,
  };
}

interface Written {
  readonly text: string;
  readonly ids: readonly number[];
  readonly choices: readonly object[];
  readonly finish: "length" | "stop";
}

/** Streams text, or the table of choices, to stdout, but for JSON. */
async function write(
  io: IO,
  tokenizer: Tokenizer,
  prompt: Int32Array,
  asked: string,
  { json, probs, stop }: Options,
  model: Parameters<typeof import("@muladd/gpt")["generate"]>[0],
  options: GenerateOptions,
): Promise<Written> {
  const { generate } = await import("@muladd/gpt");
  const decoder = tokenizer.decoder();
  const until = new StopText(stop);
  const ids: number[] = [];
  const choices: object[] = [];
  const streams = !json && probs === undefined;
  const show = (part: string) => {
    if (streams) io.stdout.write(part);
  };
  let text = "";
  const add = (part: string) => {
    text += part;
    show(part);
  };
  // With the first token, not before: options that cannot be are found then, and stdout stays empty.
  let begun = false;
  const begin = () => {
    if (!begun) show(asked && paint(io.stdout, "bold", asked));
    begun = true;
  };
  try {
    for await (const choice of generate(model, prompt, options)) {
      begin();
      ids.push(choice.id);
      if (probs !== undefined) {
        if (json) choices.push(described(tokenizer, choice));
        else io.stdout.write(`${row(tokenizer, choice)}\n`);
      }
      add(until.push(decoder.push(choice.id)));
      if (until.found) break;
    }
  } catch (error) {
    if (!(error instanceof RangeError && /NaN/.test(error.message))) throw error;
    throw new CLIError(error.message, { why: "choose another --checkpoint", cause: error });
  }
  begin();
  if (!until.found) add(until.push(decoder.flush()) + until.flush());
  show(text.endsWith("\n") ? "" : "\n");
  return { text, ids, choices, finish: until.found ? "stop" : "length" };
}

const quoted = (tokenizer: Tokenizer, id: number) => JSON.stringify(tokenizer.decode([id]));

function row(tokenizer: Tokenizer, { id, probability, candidates }: Choice): string {
  const others = candidates.filter((c) => c.id !== id);
  return [
    `${quoted(tokenizer, id).padEnd(12)} ${probability.toFixed(2)}`,
    ...others.map((c) => `${quoted(tokenizer, c.id)} ${c.probability.toFixed(2)}`),
  ].join("  | ");
}

const described = (
  tokenizer: Tokenizer,
  { id, probability, logProbability, candidates }: Choice,
) => ({
  id,
  token: tokenizer.decode([id]),
  probability,
  logProbability,
  candidates: candidates.map((c) => ({ ...c, token: tokenizer.decode([c.id]) })),
});

/** What was asked for: flag, file, or piped text, whose last line break is echo's. "" for nothing. */
async function promptOf(io: IO, { prompt, promptFile }: Options): Promise<string> {
  if (prompt !== undefined && promptFile !== undefined)
    throw new UsageError("-p and --prompt-file exclude each other", { remedies: "one of them" });
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
  if (io.stdin.isTTY) return "";
  return new TextDecoder().decode(await io.stdin.read()).replace(/\r?\n$/, "");
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
