import type { Choice, GenerateOptions } from "@muladd/gpt";
import type { Tokenizer } from "@muladd/tokenizer";
import { type Command, Option } from "commander";
import { openBackend } from "../backend.ts";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import { flag } from "../flags.ts";
import { type IO, paint, type Signal } from "../io.ts";
import { modelName } from "../locate.ts";
import { type OpenModel, openModel } from "../model.ts";
import { type ModelOptions, modelFlags, weightFormat } from "../model-options.ts";
import { given, integer, number, type SharedOptions, seedOption, verb } from "../options.ts";
import { endWith } from "../program.ts";
import { idsOption, type PromptOptions, promptIds, readPrompt } from "../prompt.ts";
import { StopText } from "../stop-text.ts";
import { integer as grouped, speed } from "../ui/format.ts";

interface Options extends SharedOptions, ModelOptions, PromptOptions {
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly greedy?: boolean;
  readonly seed?: number;
  readonly stop?: string;
  readonly cache: boolean;
  readonly probs?: number;
}

/** `muladd generate MODEL` */
export function generateCommand(io: IO): Command {
  const command = verb(io, "generate", "Let a trained model continue a text.", [
    'generate runs/small-1 -p "Once upon"',
    "generate runs/small-1 -n 500 --temperature 0.6 --seed 1 > story.txt",
    'generate openai-community/gpt2 -p "The cat" --probs 5 -n 20',
    "generate --model FOLDER --ids 5,9,2 --greedy -n 24 --json",
  ])
    .addOption(
      new Option("-p, --prompt <text>", "what to continue (default: stdin, or a new line)"),
    )
    .addOption(new Option("--prompt-file <file>", "what to continue, from a file"))
    .addOption(idsOption("what to continue, as token ids: 5,9,2"))
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
    .addOption(
      new Option("--no-cache", "compute all positions for every token: slow, the same text"),
    )
    .addOption(
      new Option("--probs <n>", "a row for each token, with the n likeliest").argParser(integer(1)),
    );
  modelFlags(command);
  return command.action((model: string | undefined, options: Options) =>
    generateVerb(io, command, modelName(io, "generate", model, options.model), options),
  );
}

async function generateVerb(
  io: IO,
  command: Command,
  name: string,
  options: Options,
): Promise<void> {
  if (options.greedy)
    for (const name of ["temperature", "topK", "topP", "minP"])
      if (given(command, name))
        throw new UsageError(`--greedy and ${flag(name)} exclude each other`, {
          remedies: "one of them",
        });
  if (options.stop === "") throw new UsageError("--stop is empty", { remedies: "leave it out" });
  const asked = await readPrompt(io, options);
  using backend = await openBackend(options.backend, options);
  using opened = await openModel(io, name, backend, { ...options, weights: weightFormat(options) });
  const { tokenizer, run, step, ends } = opened;
  const ids = promptIds(opened, asked, options.ids);
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
    result = await write(io, opened, ids, asked, options, {
      ...sampling(options),
      stop: ends,
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
      ...(run ? { run: name, checkpoint: step } : { model: name }),
      ...(options.ids ? {} : { prompt: asked || tokenizer?.decode(ids) }),
      promptIds: Array.from(ids),
      ...(tokenizer ? { text } : {}),
      ids: result.ids,
      seed,
      tokPerSec,
    };
    const table = options.probs ? { choices } : {};
    io.stdout.write(`${JSON.stringify({ ...said, finish, ...table })}\n`);
  }
  if (!options.quiet && (options.verbose || (io.stderr.isTTY && !options.json)))
    io.stderr.write(
      `${paint(io.stderr, "dim", `${grouped(result.ids.length)} tokens · ${speed(tokPerSec)} tok/s${step === undefined ? "" : ` · step ${step}`} · seed ${seed}`)}\n`,
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
  { model, tokenizer, ends }: OpenModel,
  prompt: Int32Array,
  asked: string,
  { json, probs, stop }: Options,
  options: GenerateOptions,
): Promise<Written> {
  const { generate } = await import("@muladd/gpt");
  const decoder = tokenizer?.decoder() ?? numbers;
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
  let ended = false;
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
      if (ends.includes(choice.id)) ended = true;
      else add(until.push(decoder.push(choice.id)));
      if (until.found) break;
    }
  } catch (error) {
    if (!(error instanceof RangeError && /NaN/.test(error.message))) throw error;
    throw new CLIError(error.message, { why: "choose another --checkpoint", cause: error });
  }
  begin();
  if (!until.found) add(until.push(decoder.flush()) + until.flush());
  show(text.endsWith("\n") ? "" : "\n");
  return { text, ids, choices, finish: until.found || ended ? "stop" : "length" };
}

/** What is shown of ids where no tokenizer says what they mean. */
const numbers = { push: (id: number) => `${id} `, flush: () => "" };

const quoted = (tokenizer: Tokenizer | undefined, id: number) =>
  tokenizer ? JSON.stringify(tokenizer.decode([id])) : String(id);

function row(tokenizer: Tokenizer | undefined, { id, probability, candidates }: Choice): string {
  const others = candidates.filter((c) => c.id !== id);
  return [
    `${quoted(tokenizer, id).padEnd(12)} ${probability.toFixed(2)}`,
    ...others.map((c) => `${quoted(tokenizer, c.id)} ${c.probability.toFixed(2)}`),
  ].join("  | ");
}

function described(
  tokenizer: Tokenizer | undefined,
  { id, probability, logProbability, candidates }: Choice,
) {
  const token = (one: number) => (tokenizer ? { token: tokenizer.decode([one]) } : {});
  return {
    id,
    ...token(id),
    probability,
    logProbability,
    candidates: candidates.map((c) => ({ ...c, ...token(c.id) })),
  };
}
