import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { GPTConfig, Plan, PlanOptions } from "@muladd/gpt";
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../errors.ts";
import { hubName } from "../hub/place.ts";
import { absolute, type IO } from "../io.ts";
import { locateModel } from "../locate.ts";
import { openRun } from "../model.ts";
import { offlineOption } from "../model-options.ts";
import { integer, type SharedOptions, verb } from "../options.ts";
import { integer as grouped } from "../ui/format.ts";
import { columns, writeJSON, writeLines } from "../ui/table.ts";

interface Options extends SharedOptions {
  readonly layers?: number;
  readonly heads?: number;
  readonly width?: number;
  readonly context?: number;
  readonly vocabulary?: number;
  readonly tokens?: number;
  readonly flops?: number;
  readonly price?: number;
  readonly measure: boolean;
  readonly offline?: boolean;
}

/** `muladd plan`: what a model costs, on paper. */
export function planCommand(io: IO): Command {
  return verb(io, "plan", "Parameters, memory, FLOPs, time and cost of any GPT.", [
    "plan gpt3",
    "plan runs/small-1 --tokens 10B",
    "plan Qwen/Qwen3-0.6B",
    "plan --layers 12 --heads 12 --width 768 --context 1024 --vocabulary 50257 --flops 312T --price 2",
  ])
    .argument(
      "[model]",
      "a preset, a run, a folder or config.json of Hugging Face's form, ORG/NAME of the hub; or nothing: then the flags, or a list of presets",
    )
    .option("--layers <n>", "blocks", integer(1))
    .option("--heads <n>", "attention heads; they divide the width", integer(1))
    .option("--width <n>", "columns of the residual stream", integer(1))
    .option("--context <n>", "tokens in the longest sequence", integer(1))
    .option("--vocabulary <n>", "token ids", integer(1))
    .option("--tokens <n>", "tokens to train on: 300B, 1e9", amount)
    .option(
      "--flops <n>",
      "FLOP/s of the device to rent: 28T (the default, a V100), 3.12e14",
      amount,
    )
    .option("--price <dollars>", "of the device for an hour (default: 1.5)", price)
    .option("--no-measure", "leave out the speeds of this CPU, which take a second")
    .addOption(offlineOption())
    .action(async (model: string | undefined, options: Options) => {
      const sizes = given(options);
      if (model === undefined && Object.keys(sizes).length === 0) return listPresets(io, options);
      const made = await planOf(io, model, sizes, options);
      const [{ describePlan }, { describeFormats, planFormats }] = await Promise.all([
        import("@muladd/gpt"),
        import("../plan-formats.ts"),
      ]);
      const formats = await planFormats(made, options.measure);
      if (options.json) return writeJSON(io, { v: 1, ...made, formats });
      writeLines(io, [...describePlan(made), "", ...describeFormats(formats)]);
    });
}

type Sizes = Partial<Pick<GPTConfig, "layers" | "heads" | "width" | "context" | "vocabulary">>;

function given(options: Options): Sizes {
  const names = ["layers", "heads", "width", "context", "vocabulary"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  b: 1e9,
  t: 1e12,
  p: 1e15,
};

/** "300B", "28T", "1e9" → a number above 0. */
function amount(text: string): number {
  const [, digits, unit] = /^(.*?)([kmgbtp]?)$/i.exec(text.trim()) ?? [];
  const value = Number(digits || Number.NaN) * (unit ? UNITS[unit.toLowerCase()]! : 1);
  if (!(value > 0 && value < Infinity))
    throw new InvalidArgumentError("it must be a number above 0, such as 1e9, 300B or 28T");
  return value;
}

function price(text: string): number {
  const value = Number(text.trim() === "" ? Number.NaN : text);
  if (!(value >= 0 && value < Infinity))
    throw new InvalidArgumentError("it must be dollars an hour, 0 at least");
  return value;
}

async function planOf(
  io: IO,
  model: string | undefined,
  sizes: Sizes,
  { tokens, flops, price, measure, offline }: Options,
): Promise<Plan> {
  const { plan, planPreset, preset, presetConfig, presets, reconfigure } = await import(
    "@muladd/gpt"
  );
  const options: PlanOptions = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(flops === undefined ? {} : { flops }),
    ...(price === undefined ? {} : { price }),
    ...(measure ? await thisCPU() : {}),
  };
  if (model === undefined) {
    const base = presetConfig(presets.small!, { vocabulary: 65 });
    const made = plan(reconfigure(base, sizes), { title: "custom", ...options });
    const names = ["layers", "heads", "width", "context", "vocabulary"] as const;
    const open = names.filter((name) => sizes[name] === undefined);
    const assumed = open.map((name) => `${name} ${base[name]}`).join(", ");
    return open.length
      ? { ...made, assumed: [`${assumed}: as in the preset small`, ...made.assumed] }
      : made;
  }
  const pretrained = await configOf(io, model, offline, presets);
  if (pretrained)
    return plan(reconfigure(pretrained, sizes), { title: basename(model), ...options });
  const path = absolute(io, model);
  // A folder that only happens to be called like a preset is none of a run's.
  if (
    existsSync(join(path, "config.json")) ||
    (existsSync(path) && !Object.hasOwn(presets, model))
  ) {
    const { config } = await openRun(io, model);
    const { batch, accumulate, steps } = config.training;
    const title = basename(model);
    return plan(reconfigure(config.model, sizes), {
      title,
      batch,
      accumulate,
      steps,
      ...options,
    });
  }
  return planPreset(known(io, model, preset, presets), { model: sizes, ...options });
}

async function readFile(path: string, name: string): Promise<GPTConfig> {
  const [{ readConfig }, { notAFlag }] = await Promise.all([
    import("@muladd/gpt/huggingface"),
    import("../pretrained.ts"),
  ]);
  try {
    return readConfig(readFileSync(path, "utf8"), name).config;
  } catch (error) {
    throw notAFlag(name, error);
  }
}

/** The configuration that a config.json, a folder with one, a .gguf or a model of the hub has; of a hub's only that is fetched. */
async function configOf(
  io: IO,
  name: string,
  offline: boolean | undefined,
  presets: object,
): Promise<GPTConfig | undefined> {
  const isFile = statSync(absolute(io, name), { throwIfNoEntry: false })?.isFile();
  if (isFile && name.endsWith(".json")) {
    return readFile(absolute(io, name), name);
  }
  if (
    Object.hasOwn(presets, name) ||
    (!isFile && !hubName(name) && !existsSync(absolute(io, name)))
  )
    return undefined;
  const place = await locateModel(io, name, { needs: "config", offline });
  if (place.kind === "run") return undefined;
  if (place.kind === "folder") {
    return readFile(join(place.path, "config.json"), name);
  }
  const { openPlace } = await import("../pretrained.ts");
  const opened = await openPlace(place);
  await opened.close();
  return opened.config;
}

/** The preset of that name. */
function known<P>({ program }: IO, name: string, preset: (name: string) => P, presets: object): P {
  try {
    return preset(name);
  } catch (error) {
    const meant = /did you mean (\S+)\?/.exec((error as Error).message)?.[1];
    throw new UsageError(`there is no preset and no run called ${name}`, {
      why: `presets: ${Object.keys(presets).join(", ")}`,
      remedies: `${program} plan ${meant ?? "gpt3"}`,
    });
  }
}

/** FLOP/s that a product of a GPT's size reaches here, in a third of a second. */
async function thisCPU(): Promise<Pick<PlanOptions, "here" | "notes">> {
  const { BackendUnavailable } = await import("@muladd/tensor");
  try {
    const { wasm } = await import("@muladd/backend-wasm");
    const { matmulRate } = await import("../bench/matmul.ts");
    using backend = await wasm();
    const flops = await matmulRate(backend, 0.25, { m: 512, n: 384, k: 384 });
    return { here: { name: "this CPU", flops } };
  } catch (error) {
    if (!(error instanceof BackendUnavailable)) throw error;
    return { notes: [`this CPU was not measured: ${error.message}`] };
  }
}

async function listPresets(io: IO, { json }: Options): Promise<void> {
  const { planPreset, presets } = await import("@muladd/gpt");
  const list = Object.entries(presets).map(([name, p]) => {
    const { config, parameters } = planPreset(p);
    return { name, parameters: parameters.total, config, about: p.about };
  });
  if (json) return writeJSON(io, { v: 1, presets: list });
  const rows = list.map(({ name, parameters, config, about }) => [
    name,
    grouped(parameters),
    `${config.layers} × ${config.width}`,
    about,
  ]);
  const head = ["preset", "parameters", "layers × width", "what it is"];
  writeLines(io, [
    ...columns([head, ...rows], "lrrl"),
    "",
    `${io.program} plan PRESET works one out`,
  ]);
}
