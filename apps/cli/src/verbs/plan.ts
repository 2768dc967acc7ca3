import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { GPTConfig, Plan, PlanOptions } from "@muladd/gpt";
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../errors.ts";
import { hubName } from "../hub/place.ts";
import { absolute, type IO } from "../io.ts";
import { locateModel } from "../locate.ts";
import { openRun } from "../model.ts";
import { MODEL, offlineOption } from "../model-options.ts";
import { integer, type SharedOptions, verb } from "../options.ts";
import { describeHere, type Here, planHere } from "../plan/describe.ts";
import { limitsHere } from "../plan/machine.ts";
import { measureSpeeds } from "../plan/speeds.ts";
import { storedConfig } from "../plan/stored.ts";
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
  return verb(
    io,
    "plan",
    "Parameters, memory, FLOPs, time and cost of any GPT, and what of it fits here.",
    [
      "plan gpt3",
      "plan runs/small-1 --tokens 10B",
      "plan Qwen/Qwen3-0.6B",
      "plan --layers 12 --heads 12 --width 768 --context 1024 --vocabulary 50257 --flops 312T --price 2",
    ],
  )
    .argument(
      "[model]",
      `a preset; ${MODEL}; a config.json; or nothing: then the flags, or a list of presets`,
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
    .option("--no-measure", "do not measure this CPU, which takes a second")
    .addOption(offlineOption())
    .action(async (model: string | undefined, options: Options) => {
      const sizes = given(options);
      if (model === undefined && Object.keys(sizes).length === 0) return listPresets(io, options);
      const [made, here] = await measured(await planOf(io, model, sizes, options), options);
      if (options.json) return writeJSON(io, { v: 1, ...made, machine: here });
      const { describePlan } = await import("@muladd/gpt");
      writeLines(io, [...describePlan(made), "", ...describeHere(here)]);
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

/** A plan, and what it means on this machine, whose speed is measured. */
async function measured(planned: Plan, { measure }: Options): Promise<[Plan, Here]> {
  const limits = await limitsHere();
  if (!measure) return [planned, await planHere(planned, limits, undefined)];
  const { deviceTime } = await import("@muladd/gpt");
  try {
    const speeds = await measureSpeeds(planned.config);
    const here = deviceTime("this CPU", speeds.products, planned.flop.training);
    return [{ ...planned, here }, await planHere(planned, limits, speeds)];
  } catch (error) {
    if (!(error instanceof Error && error.name === "BackendUnavailable")) throw error;
    const notes = [...planned.notes, `this CPU was not measured: ${error.message}`];
    return [{ ...planned, notes }, await planHere(planned, limits, undefined)];
  }
}

async function planOf(
  io: IO,
  model: string | undefined,
  sizes: Sizes,
  { tokens, flops, price, offline, quiet }: Options,
): Promise<Plan> {
  const { plan, planPreset, preset, presetConfig, presets, reconfigure } = await import(
    "@muladd/gpt"
  );
  const options: PlanOptions = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(flops === undefined ? {} : { flops }),
    ...(price === undefined ? {} : { price }),
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
  if (!isStored(io, model, presets))
    return planPreset(known(io, model, preset, presets), { model: sizes, ...options });
  const place = await locateModel(io, model, { needs: "config", offline, quiet });
  if (place.kind !== "run") {
    const config = await storedConfig(place);
    const title = existsSync(absolute(io, model)) ? basename(model) : model.replace(/^hf:/, "");
    return plan(reconfigure(config, sizes), { title, ...options });
  }
  const { config } = await openRun(io, model);
  const { batch, accumulate, steps } = config.training;
  const title = basename(model);
  return plan(reconfigure(config.model, sizes), { title, batch, accumulate, steps, ...options });
}

/** Whether a name is one of a path or of the hub. A folder that only happens to be called like a preset is no model. */
function isStored(io: IO, model: string, presets: object): boolean {
  const path = absolute(io, model);
  if (existsSync(join(path, "config.json"))) return true;
  return !Object.hasOwn(presets, model) && (existsSync(path) || hubName(model) !== undefined);
}

/** The preset of that name. */
function known<P>({ program }: IO, name: string, preset: (name: string) => P, presets: object): P {
  try {
    return preset(name);
  } catch (error) {
    const meant = /did you mean (\S+)\?/.exec((error as Error).message)?.[1];
    throw new UsageError(`there is no preset and no model called ${name}`, {
      why: [
        `presets: ${Object.keys(presets).join(", ")}`,
        "else a run, a Hugging Face folder or config.json, a .gguf, or ORG/NAME of the hub",
      ],
      remedies: `${program} plan ${meant ?? "gpt3"}`,
    });
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
