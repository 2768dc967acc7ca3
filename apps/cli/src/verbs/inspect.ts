import type { StoredTensor, TensorStore } from "@muladd/checkpoint";
import type { GPTConfig } from "@muladd/gpt";
import type { Run } from "@muladd/gpt/train";
import type { HostTensor } from "@muladd/tensor";
import { type Command, InvalidArgumentError } from "commander";
import { openBackend } from "../backend.ts";
import { quote } from "../data.ts";
import { UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import { locateModel, modelName } from "../locate.ts";
import { describeTensors, parts, tensorRows, total } from "../look/parameters.ts";
import { noCheckpoint, openModel, openRun } from "../model.ts";
import { type ModelOptions, modelFlags, weightFormat } from "../model-options.ts";
import { given, type SharedOptions, verb } from "../options.ts";
import { idsOption, promptIds } from "../prompt.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { bar } from "../ui/draw.ts";
import { integer } from "../ui/format.ts";
import { columns, writeJSON, writeLines } from "../ui/table.ts";

interface Options extends SharedOptions, ModelOptions {
  readonly tensor?: string;
  readonly attention?: Head;
  readonly next?: boolean;
  readonly prompt?: string;
  readonly ids?: readonly number[];
}

interface Head {
  readonly layer: number;
  readonly head: number;
}

const CANDIDATES = 10;

/** `muladd inspect`: what is in a run or a weights file, and what its model looks at and expects. */
export function inspectCommand(io: IO): Command {
  const command = verb(io, "inspect", "Look into a model or a weights file.", [
    "inspect runs/small-1",
    "inspect runs/small-1 --tensor blocks.0.attention.qkv.weight",
    'inspect runs/small-1 --attention 1.0 -p "Once upon a time"',
    'inspect runs/small-1 --next -p "Once upon a"',
    "inspect openai-community/gpt2 --ids 5,9,2 --json",
  ]);
  modelFlags(command)
    .option("--tensor <name>", "one tensor: statistics, a histogram, the first values")
    .option("--attention <layer.head>", "who looks at whom in the prompt, both from 0: 1.0", head)
    .option("--next", `the ${CANDIDATES} likeliest tokens after the prompt`)
    .option("-p, --prompt <text>", "for --attention and --next")
    .addOption(
      idsOption("the same as token ids: 5,9,2; alone: what comes next, in JSON with every logit"),
    )
    .action(async (argument: string | undefined, options: Options) => {
      check(command, options);
      const target = modelName(io, "inspect", argument, options.model);
      if (options.attention || options.next || options.ids)
        return inspectModel(io, target, options);
      return inspectTensors(io, target, command, options);
    });
  return command;
}

function head(text: string): Head {
  const [, layer, head] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  if (layer === undefined) throw new InvalidArgumentError("it is a layer and a head, from 0: 1.0");
  return { layer: Number(layer), head: Number(head) };
}

function check(command: Command, { tensor, attention, next, prompt, ids }: Options): void {
  const asked = [tensor !== undefined && "--tensor", attention && "--attention", next && "--next"];
  const [first, second] = asked.filter((name) => typeof name === "string");
  if (second)
    throw new UsageError(`${first} and ${second} do not go together`, {
      remedies: [first!, second],
    });
  if (prompt !== undefined && ids)
    throw new UsageError("-p and --ids exclude each other", { remedies: "one of them" });
  if (tensor !== undefined && ids)
    throw new UsageError("--tensor and --ids do not go together", { remedies: "one of them" });
  const reads = attention !== undefined || next === true || ids !== undefined;
  if (reads && !ids && (prompt === undefined || prompt === ""))
    throw new UsageError(`${first} needs a prompt`, { remedies: '-p "Once upon a time"' });
  for (const name of ["prompt", "backend", "dtype", "quantize"])
    if (!reads && given(command, name))
      throw new UsageError(`--${name} is for --attention and --next`, { remedies: "--next" });
}

/** A weights file, a checkpoint of a run, or a model of others. */
interface Opened {
  readonly title: string;
  readonly tensors: ReadonlyMap<string, Listed>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly run?: Run;
  /** What it is made of, where that is known. */
  readonly config?: GPTConfig;
  readonly family?: string;
  close(): Promise<void>;
}

type Listed = Pick<StoredTensor, "name" | "shape" | "dtype" | "byteLength"> & {
  numbers(): Promise<HostTensor["data"]>;
};

const listedHost = (name: string, { shape, data }: HostTensor): Listed => ({
  name,
  shape,
  dtype: data instanceof Int32Array ? "I32" : "F32",
  byteLength: data.byteLength,
  numbers: async () => data,
});

async function open(io: IO, target: string, options: Options): Promise<Opened> {
  const place = await locateModel(io, target, options);
  if (place.kind === "run") {
    const run = await openRun(io, target);
    const found = await run.load(options.checkpoint, (text) => io.stderr.write(`note: ${text}\n`));
    if (!found) throw noCheckpoint(io, target);
    const { metadata, tensors } = found.file;
    const { modelTensors } = await import("@muladd/gpt/train");
    // A checkpoint holds the optimizer's state, too; of a run the model is what is listed.
    const listed = options.tensor === undefined ? modelTensors(tensors) : tensors;
    return {
      title: `${target} step ${found.step}`,
      tensors: new Map(Array.from(listed, ([name, tensor]) => [name, listedHost(name, tensor)])),
      metadata,
      run,
      config: run.config.model,
      close: async () => {},
    };
  }
  const { fileSource, openSafetensors, toFloat32 } = await import("@muladd/checkpoint");
  const listed = (store: TensorStore): Map<string, Listed> =>
    new Map(
      Array.from(store.tensors, ([key, tensor]) => {
        const { name, shape, dtype, byteLength } = tensor;
        const numbers = async () => toFloat32(await tensor.read(), dtype);
        return [key, { name, shape, dtype, byteLength, numbers }];
      }),
    );
  // A file of tensors need not be of a model.
  if (place.kind === "file" && target.endsWith(".safetensors")) {
    const store = await openSafetensors(await fileSource(place.path, target));
    const { metadata } = store;
    return { title: target, tensors: listed(store), metadata, close: () => store.close() };
  }
  const { openPlace } = await import("../pretrained.ts");
  const { store, family, config, close } = await openPlace(place);
  const { metadata } = store;
  return {
    title: target,
    tensors: listed(store),
    metadata,
    config,
    family: family.modelType,
    close,
  };
}

async function inspectTensors(
  io: IO,
  target: string,
  command: Command,
  options: Options,
): Promise<void> {
  const opened = await open(io, target, options);
  try {
    const { title, tensors, run, config, family, metadata } = opened;
    if (!run && given(command, "checkpoint"))
      throw new UsageError("--checkpoint is for a run folder", {
        why: `${target} was not written by muladd train`,
      });
    if (options.tensor !== undefined)
      return await inspectTensor(io, target, opened, options.tensor, options);
    const rows = tensorRows(tensors.values());
    if (options.json)
      return writeJSON(io, {
        v: 1,
        target,
        ...(family ? { family } : {}),
        ...(config ? { model: config } : {}),
        ...(run ? { checkpoints: await run.checkpoints(), best: run.best() } : {}),
        metadata,
        tensors: rows,
        parts: parts(rows),
        count: total(rows, "count"),
        bytes: total(rows, "bytes"),
      });
    writeLines(io, [
      title,
      ...(config ? describeConfig(config, family) : describeMetadata(metadata)),
      ...(run ? await describeRun(run) : []),
      "",
      ...describeTensors(rows),
    ]);
  } finally {
    await opened.close();
  }
}

function describeConfig(config: GPTConfig, family: string | undefined): string[] {
  const { layers, heads, kvHeads, width, context, vocabulary, positions, activation } = config;
  const keys = kvHeads === heads ? "" : ` of ${kvHeads} keys and values`;
  return [
    `${family ? `${family} · ` : ""}${layers} layers · ${heads} heads${keys} · width ${width} · context ${context} · ` +
      `vocabulary ${vocabulary} · ${positions} positions · ${activation}`,
  ];
}

async function describeRun(run: Run): Promise<string[]> {
  const best = run.best();
  return [
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
  { tensors }: Opened,
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
  const { shape, dtype } = tensor;
  const host = { shape, data: await tensor.numbers() };
  const found = await tensorStatistics(name, host, dtype.toLowerCase());
  if (json) writeJSON(io, { v: 1, target, ...found });
  else writeLines(io, describeStatistics(found, showsUTF8(io.env)));
}

async function inspectModel(io: IO, target: string, options: Options): Promise<void> {
  using backend = await openBackend(options.backend, options);
  using opened = await openModel(io, target, backend, {
    ...options,
    weights: weightFormat(options),
  });
  const { model, tokenizer, step } = opened;
  const ids = Array.from(promptIds(opened, options.prompt ?? "", options.ids));
  const { context, layers, heads } = model.config;
  if (ids.length > context)
    throw new UsageError(
      `${options.ids ? "--ids" : "-p"} has ${ids.length} tokens, the context is ${context}`,
      {
        why: "give a shorter prompt",
      },
    );
  const { showToken, tokenText } = await import("@muladd/tokenizer");
  const shownToken = (id: number) => (tokenizer ? showToken(tokenizer.token(id)) : String(id));
  const text = (id: number) => (tokenizer && tokenText(tokenizer.token(id))) ?? null;
  const read = options.prompt === undefined ? { ids } : { prompt: options.prompt };
  if (!options.attention) {
    const { nextTokens } = await import("../look/next.ts");
    const { candidates: found, logits } = await nextTokens(model, ids, CANDIDATES);
    if (options.json)
      return writeJSON(io, {
        v: 1,
        target,
        step,
        ...read,
        next: found.map((c) => ({ ...c, text: text(c.id) })),
        ...(options.ids && !options.next ? { logits: Array.from(logits) } : {}),
      });
    const utf8 = showsUTF8(io.env);
    const rows = found.map(({ id, probability }) => [
      shownToken(id),
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
      tokens: ids.map(text),
      weights,
    });
  const { heatmap } = await import("../look/heatmap.ts");
  const shown = ids.map(shownToken);
  const { columns: width } = io.stdout;
  writeLines(io, [
    `${opened.title}: layer ${layer} of ${layers}, head ${head} of ${heads}, ${integer(ids.length)} tokens`,
    ...heatmap(weights, shown, { columns: width, utf8: showsUTF8(io.env) }),
  ]);
}
