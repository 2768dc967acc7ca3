import type { WasmBackend } from "@muladd/backend-wasm";
import type { Facts, WebGPUBackend } from "@muladd/backend-webgpu";
import type { Backend } from "@muladd/tensor";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type BackendChoice, describeBackend, isWebGPU, openBackend } from "../backend.ts";
import type { GenerationResult } from "../bench/generation.ts";
import type { KernelProfile } from "../bench/kernels.ts";
import { describeMachine, type Machine, machine } from "../bench/machine.ts";
import type { MatmulRow } from "../bench/matmul.ts";
import { SHORTEST_ON_DEVICE } from "../bench/rounds.ts";
import type { StepResult } from "../bench/step.ts";
import { CLIError, UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import {
  backendOption,
  integer,
  number,
  type SharedOptions,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { type WeightFormat, weightFormats } from "../precision.ts";
import { quantity } from "../ui/format.ts";
import { progressOption } from "../ui/mode.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";
import { version } from "../version.ts";

interface Options extends SharedOptions {
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly seconds: number;
  readonly preset: string;
  readonly batch?: number;
  readonly context?: number;
  readonly products?: "f32" | "f16";
  readonly weights: readonly WeightFormat[];
  readonly prompt?: number;
  readonly profile?: boolean;
  readonly progress: string;
}

/** What `muladd bench --json` prints. */
export interface BenchReport {
  readonly v: 1;
  readonly muladd: string;
  readonly machine: Machine;
  readonly backend: {
    readonly name: string;
    readonly variant?: string;
    readonly threads?: number;
    /** Of webgpu. */
    readonly adapter?: Facts;
    /** Why a faster variant, or more threads, do not run. */
    readonly notes: readonly string[];
  };
  readonly matmul?: readonly MatmulRow[];
  /** With `profile` on webgpu. */
  readonly matmulKernels?: KernelProfile;
  readonly step?: StepResult;
  /** One for each way to store the weights. */
  readonly generate?: readonly GenerationResult[];
  /** The most memory that this process has held: its maximum resident set size. */
  readonly residentBytes: number;
}

const PARTS = ["matmul", "step", "generate"] as const;
type Part = (typeof PARTS)[number];

/** `muladd bench`: how fast this machine multiplies, trains and writes. */
export function benchCommand(io: IO): Command {
  return verb(io, "bench", "How fast this machine multiplies, trains and writes.", [
    "bench",
    "bench step --profile",
    "bench step --preset gpt2-124m --threads 1",
    "bench generate --preset gpt2 --weights f32,int8,int4 --prompt 128",
    "bench matmul --seconds 60 --json",
    "bench step --backend webgpu --preset baby-gpt --batch 64 --profile",
  ])
    .argument("[part]", "matmul, step, generate or all", "all")
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(wideOption())
    .option("--seconds <n>", "time for each part, warm-up not counted", positive, 10)
    .option(
      "--preset <name>",
      "what trains and writes: baby-gpt, gpt2-124m or a preset",
      "nanogpt-cpu",
    )
    .option("--batch <n>", "sequences of a training step (default: the preset's)", integer(1))
    .option("--context <n>", "tokens of each (default: the preset's)", integer(1))
    .addOption(
      new Option(
        "--weights <formats>",
        `of the model that writes: one or more of ${weightFormats.join()}`,
      )
        .argParser(formats)
        .default(["f32"], "f32"),
    )
    .option("--prompt <n>", "tokens of the prompt that is read (default: 64 at most)", integer(1))
    .addOption(new Option("--products <type>", "what webgpu multiplies in").choices(["f32", "f16"]))
    .option(
      "--profile",
      "show a training step by op, against what the machine allows; on webgpu every part by kernel",
    )
    .addOption(progressOption())
    .action(async (wanted: string, options: Options) => {
      const parts = await chosen(io, wanted);
      const report = await bench(io, parts, options);
      if (options.json) writeJSON(io, report);
    });
}

function positive(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError("it must be above 0");
  return value;
}

function formats(text: string): readonly WeightFormat[] {
  return text.split(",").map((name) => {
    const format = weightFormats.find((w) => w === name);
    if (!format)
      throw new InvalidArgumentError(`there are ${weightFormats.join(", ")}; several with commas`);
    return format;
  });
}

async function chosen({ program }: IO, wanted: string): Promise<readonly Part[]> {
  if (wanted === "all") return PARTS;
  const part = PARTS.find((p) => p === wanted);
  if (part) return [part];
  const { nearest } = await import("@muladd/gpt");
  const meant = nearest(wanted, ["all", ...PARTS]);
  throw new UsageError(`there is no benchmark ${wanted}`, {
    why: `there are ${PARTS.join(", ")} and all`,
    remedies: `${program} bench ${meant ?? "all"}`,
  });
}

type Report = { -readonly [K in keyof BenchReport]: BenchReport[K] };

/** Runs the parts, each on a backend of its own, and prints each when it is done. */
async function bench(io: IO, parts: readonly Part[], options: Options): Promise<BenchReport> {
  const here = machine();
  for (const part of parts) if (part !== "matmul") await checkSizes(part, options, here);
  const { on, title } = await describe(parts, options);
  const show = (lines: readonly string[]) => {
    if (!options.json) writeLines(io, lines);
  };
  show([
    `muladd ${version} · ${title}`,
    describeMachine(here),
    ...on.notes.map((note) => `note: ${note}`),
    "medians of interleaved rounds after a warm-up, the best in brackets",
  ]);
  const report: Report = { v: 1, muladd: version, machine: here, backend: on, residentBytes: 0 };
  for (const part of parts) show(["", ...(await measure(io, part, options, report))]);
  report.residentBytes = residentBytes();
  return report;
}

const residentBytes = (): number => process.resourceUsage().maxRSS * 1024;

async function describe(parts: readonly Part[], options: Options) {
  using backend = await open(options, { profile: options.profile ?? false });
  const { variant, threads, threadsReason } = backend as Partial<WasmBackend>;
  const { notes = [] } = backend as Partial<WasmBackend | WebGPUBackend>;
  if (options.profile && !isWebGPU(backend) && !parts.includes("step"))
    throw new UsageError(`--profile shows nothing of ${parts.join(", ")} on ${backend.name}`, {
      why: "there it is of the training step; on webgpu of every part",
      remedies: ["bench step --profile", "--backend webgpu"],
    });
  const on: BenchReport["backend"] = {
    name: backend.name,
    ...(variant ? { variant } : {}),
    ...(threads ? { threads } : {}),
    ...(isWebGPU(backend) ? { adapter: backend.facts } : {}),
    notes: [...notes, ...(threadsReason ? [threadsReason] : [])],
  };
  return { on, title: describeBackend(backend) };
}

const open = (
  { backend, threads, wide, products }: Options,
  more: Pick<BackendChoice, "profile" | "device"> = {},
): Promise<Backend> =>
  openBackend(backend, { threads, wide, ...(products ? { products } : {}), ...more });

/** Measures one part into the report, and describes it. */
async function measure(io: IO, part: Part, options: Options, report: Report): Promise<string[]> {
  const { seconds, preset, batch, context, profile = false } = options;
  using ticker = new Ticker(io, options);
  ticker.tick({ what: `measuring ${part}` });
  const onRound = (round: number) =>
    ticker.tick({ what: `measuring ${part}, round`, done: round + 1 });
  const lines = await import("../bench/lines.ts");
  using backend = await open(options);
  /** What `run` finds on a backend that times its kernels, beside the one that was timed as a whole. */
  const kernels = async (run: (timed: WebGPUBackend) => Promise<KernelProfile>) => {
    if (!profile || !isWebGPU(backend)) return undefined;
    ticker.tick({ what: `profiling ${part}` });
    using timed = await open(options, { profile: true, device: backend.device });
    return await run(timed as WebGPUBackend); // before it is disposed
  };
  if (part === "matmul") {
    const { benchMatmul, products, productsOnDevice, profileMatmul } = await import(
      "../bench/matmul.ts"
    );
    const gpu = isWebGPU(backend);
    const shapes = gpu ? productsOnDevice(backend.facts.software) : products;
    const shortest = gpu ? { shortest: SHORTEST_ON_DEVICE } : {};
    report.matmul = await benchMatmul(backend, { seconds, shapes, onRound, ...shortest });
    const found = await kernels((timed) => profileMatmul(timed, shapes));
    if (found) report.matmulKernels = found;
    return [
      ...lines.matmulLines(report.matmul),
      ...(found ? lines.kernelLines(found, "round") : []),
    ];
  }
  if (part === "step") {
    const { benchStep, profileStepKernels } = await import("../bench/step.ts");
    const sizes = { ...(batch ? { batch } : {}), ...(context ? { context } : {}) };
    const given = { seconds, preset, ...sizes, profile, onRound };
    const timed = await benchStep(backend, given);
    const found = await kernels((b) => profileStepKernels(b, given));
    report.step = { ...timed, ...(found ? { kernels: found } : {}) };
    return lines.stepLines(report.step, residentBytes());
  }
  const { benchGeneration, profileGeneration } = await import("../bench/generation.ts");
  const results: GenerationResult[] = [];
  for (const weights of options.weights) {
    const given = { seconds, preset, weights, prompt: options.prompt, onRound };
    const timed = await benchGeneration(backend, given);
    const found = await kernels((b) => profileGeneration(b, preset, weights));
    results.push({ ...timed, ...(found ? { kernels: found } : {}) });
  }
  report.generate = results;
  return lines.generationLines(results);
}

/**
 * Throws CLIError when this machine cannot hold the model, since drawing its weights would take minutes before it fails;
 * UsageError for a prompt longer than its context.
 */
async function checkSizes(
  part: "step" | "generate",
  { preset: name, batch, context, weights, prompt }: Options,
  { memory }: Machine,
): Promise<void> {
  const [{ plan }, { subject }, { packedBytes }] = await Promise.all([
    import("@muladd/gpt"),
    import("../bench/subject.ts"),
    import("@muladd/tensor"),
  ]);
  const { model, training } = subject(name, { batch, context });
  if (part === "generate" && prompt !== undefined && prompt > model.context)
    throw new UsageError(`--prompt ${prompt} is longer than the context of ${name}`, {
      why: `it is ${model.context} tokens`,
      remedies: `--prompt ${model.context}`,
    });
  const { bytes } = plan(model, { batch: training.batch, steps: 1 });
  const share = (format: WeightFormat) =>
    format === "f32" ? 1 : packedBytes(format, [1, 32]) / 128;
  const needed =
    part === "step" ? bytes.training.total : Math.max(...weights.map(share)) * bytes.float32;
  if (needed <= memory) return;
  const what = part === "step" ? "training" : "writing with";
  throw new CLIError(`${what} ${name} takes ${quantity(needed, "B")} of memory`, {
    why: `this machine has ${quantity(memory, "B")}`,
    remedies: "--preset nanogpt-cpu",
  });
}
