import { readFile, stat } from "node:fs/promises";
import type { TensorFile } from "@muladd/checkpoint";
import type { Run } from "@muladd/gpt/train";
import { type Command, InvalidArgumentError } from "commander";
import { openBackend } from "../backend.ts";
import { quote } from "../data.ts";
import { encodeText } from "../encode-text.ts";
import { CLIError, UsageError } from "../errors.ts";
import { absolute, type IO } from "../io.ts";
import { describeTensors, parts, tensorRows, total } from "../look/parameters.ts";
import { checkpointOption, openModel, openRun } from "../model.ts";
import {
  backendOption,
  given,
  memoryOption,
  type SharedOptions,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { bar } from "../ui/draw.ts";
import { integer } from "../ui/format.ts";
import { columns, writeJSON, writeLines } from "../ui/table.ts";

interface Options extends SharedOptions {
  readonly checkpoint: number | "best" | "newest";
  readonly tensor?: string;
  readonly attention?: Head;
  readonly next?: boolean;
  readonly prompt?: string;
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly memory?: number;
}

interface Head {
  readonly layer: number;
  readonly head: number;
}

const CANDIDATES = 10;

/** `muladd inspect`: what is in a run or a weights file, and what its model looks at and expects. */
export function inspectCommand(io: IO): Command {
  const command = verb(io, "inspect", "Look into a run or a weights file.", [
    "inspect runs/small-1",
    "inspect runs/small-1 --tensor blocks.0.attention.qkv.weight",
    'inspect runs/small-1 --attention 1.0 -p "Once upon a time"',
    'inspect runs/small-1 --next -p "Once upon a"',
  ])
    .argument("<target>", "a run folder, or a .safetensors file")
    .addOption(checkpointOption())
    .option("--tensor <name>", "one tensor: statistics, a histogram, the first values")
    .option("--attention <layer.head>", "who looks at whom in the prompt, both from 0: 1.0", head)
    .option("--next", `the ${CANDIDATES} likeliest tokens after the prompt`)
    .option("-p, --prompt <text>", "for --attention and --next")
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(wideOption())
    .action(async (target: string, options: Options) => {
      check(command, options);
      if (options.attention || options.next) return inspectModel(io, target, options);
      return inspectTensors(io, target, command, options);
    });
  return command;
}

function head(text: string): Head {
  const [, layer, head] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  if (layer === undefined) throw new InvalidArgumentError("it is a layer and a head, from 0: 1.0");
  return { layer: Number(layer), head: Number(head) };
}

function check(command: Command, { tensor, attention, next, prompt }: Options): void {
  const asked = [tensor !== undefined && "--tensor", attention && "--attention", next && "--next"];
  const [first, second] = asked.filter((name) => typeof name === "string");
  if (second)
    throw new UsageError(`${first} and ${second} do not go together`, {
      remedies: [first!, second],
    });
  const reads = attention !== undefined || next === true;
  if (reads && (prompt === undefined || prompt === ""))
    throw new UsageError(`${first} needs a prompt`, { remedies: '-p "Once upon a time"' });
  for (const name of ["prompt", "backend"])
    if (!reads && given(command, name))
      throw new UsageError(`--${name} is for --attention and --next`, { remedies: "--next" });
}

/** A weights file, or a checkpoint of a run. */
interface Opened {
  readonly title: string;
  readonly file: TensorFile;
  readonly run?: Run;
}

async function open(io: IO, target: string, options: Options): Promise<Opened> {
  const path = absolute(io, target);
  const kind = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new CLIError(`there is no run or file ${target}`, { why: `looked for ${path}` });
  });
  if (!kind.isDirectory()) {
    const { readSafetensors } = await import("@muladd/checkpoint");
    return { title: target, file: readSafetensors(await readFile(path), target) };
  }
  const run = await openRun(io, target);
  const found = await run.load(options.checkpoint, (text) => io.stderr.write(`note: ${text}\n`));
  if (!found)
    throw new CLIError(`${target} has no checkpoint yet`, {
      remedies: `${io.program} train --resume ${target}`,
    });
  return { title: `${target} step ${found.step}`, file: found.file, run };
}

async function inspectTensors(
  io: IO,
  target: string,
  command: Command,
  options: Options,
): Promise<void> {
  const { title, file, run } = await open(io, target, options);
  if (!run && given(command, "checkpoint"))
    throw new UsageError("--checkpoint is for a run folder", { why: `${target} is a file` });
  if (options.tensor !== undefined) return inspectTensor(io, target, file, options.tensor, options);
  // A checkpoint holds the optimizer's state, too; of a run the model is what is asked for.
  const { modelTensors } = await import("@muladd/gpt/train");
  const rows = tensorRows({ tensors: run ? modelTensors(file.tensors) : file.tensors });
  const { metadata } = file;
  if (options.json)
    return writeJSON(io, {
      v: 1,
      target,
      ...(run
        ? { model: run.config.model, checkpoints: await run.checkpoints(), best: run.best() }
        : {}),
      metadata,
      tensors: rows,
      parts: parts(rows),
      count: total(rows, "count"),
      bytes: total(rows, "bytes"),
    });
  writeLines(io, [
    title,
    ...(run ? await describeRun(run) : describeMetadata(metadata)),
    "",
    ...describeTensors(rows),
  ]);
}

async function describeRun(run: Run): Promise<string[]> {
  const { layers, heads, width, context, vocabulary, positions, activation } = run.config.model;
  const best = run.best();
  return [
    `${layers} layers · ${heads} heads · width ${width} · context ${context} · vocabulary ${vocabulary} · ` +
      `${positions} positions · ${activation}`,
    `checkpoints ${(await run.checkpoints()).join(", ")}` +
      (best ? ` · best held-out loss ${best.heldOut.toFixed(3)} at step ${best.step}` : ""),
  ];
}

const describeMetadata = (metadata: Readonly<Record<string, string>>): string[] => {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${value}`);
  return pairs.length > 0 ? [pairs.join(" · ")] : [];
};

async function inspectTensor(
  io: IO,
  target: string,
  { tensors }: TensorFile,
  name: string,
  { json }: Options,
): Promise<void> {
  const full = tensors.has(name) ? name : `model.${name}`;
  const tensor = tensors.get(full);
  if (!tensor) {
    const { nearest } = await import("@muladd/gpt");
    const names = Array.from(tensors.keys(), (n) => n.replace(/^model\./, ""));
    const near = nearest(name, names) ?? names.find((n) => n.includes(name));
    throw new UsageError(`${target} has no tensor ${name}`, {
      remedies: near ? `--tensor ${near}` : `${io.program} inspect ${quote(target)}`,
    });
  }
  const { describeStatistics, tensorStatistics } = await import("../look/statistics.ts");
  const found = await tensorStatistics(name, tensor);
  if (json) writeJSON(io, { v: 1, target, ...found });
  else writeLines(io, describeStatistics(found, showsUTF8(io.env)));
}

async function inspectModel(io: IO, target: string, options: Options): Promise<void> {
  const kind = await stat(absolute(io, target)).catch(() => undefined);
  if (kind?.isFile())
    throw new UsageError("--attention and --next need a run folder", {
      why: `${target} is a file: it has no tokenizer and no configuration`,
    });
  using backend = await openBackend(options.backend, options);
  const warn = (text: string) => io.stderr.write(`note: ${text}\n`);
  const { run, model, step } = await openModel(io, target, backend, options.checkpoint, warn);
  const { tokenizer } = run;
  const ids = Array.from(encodeText(tokenizer, options.prompt!, target));
  const { context, layers, heads } = model.config;
  if (ids.length > context)
    throw new UsageError(`-p has ${ids.length} tokens, the context is ${context}`, {
      why: "give a shorter prompt",
    });
  const { showToken, tokenText } = await import("@muladd/tokenizer");
  const token = (id: number) => tokenizer.token(id);
  if (options.next) {
    const { nextTokens } = await import("../look/next.ts");
    const found = await nextTokens(model, ids, CANDIDATES);
    if (options.json)
      return writeJSON(io, {
        v: 1,
        target,
        step,
        prompt: options.prompt,
        next: found.map((c) => ({ ...c, text: tokenText(token(c.id)) ?? null })),
      });
    const utf8 = showsUTF8(io.env);
    const rows = found.map(({ id, probability }) => [
      showToken(token(id)),
      String(id),
      `${(100 * probability).toFixed(2)} %`,
      bar(probability, 30, utf8),
    ]);
    return writeLines(io, columns([["next", "id", "p", ""], ...rows], "lrrl"));
  }
  const { layer, head } = options.attention!;
  if (layer >= layers || head >= heads)
    throw new UsageError(`--attention ${layer}.${head} is not in this model`, {
      why: `it has layers 0 … ${layers - 1} of heads 0 … ${heads - 1}`,
    });
  const { headWeights } = await import("../look/attention.ts");
  const weights = await headWeights(model, ids, { layer, head });
  if (options.json)
    return writeJSON(io, {
      v: 1,
      target,
      step,
      layer,
      head,
      ids,
      tokens: ids.map((id) => tokenText(token(id)) ?? null),
      weights,
    });
  const { heatmap } = await import("../look/heatmap.ts");
  const shown = ids.map((id) => showToken(token(id)));
  const { columns: width } = io.stdout;
  writeLines(io, [
    `${target} step ${step}: layer ${layer} of ${layers}, head ${head} of ${heads}, ${integer(ids.length)} tokens`,
    ...heatmap(weights, shown, { columns: width, utf8: showsUTF8(io.env) }),
  ]);
}
