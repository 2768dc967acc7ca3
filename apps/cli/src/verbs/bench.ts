import type { WasmBackend } from "@muladd/backend-wasm";
import { type Command, InvalidArgumentError } from "commander";
import { describeBackend, openBackend } from "../backend.ts";
import type { GenerationResult } from "../bench/generation.ts";
import { describeMachine, type Machine, machine } from "../bench/machine.ts";
import type { MatmulRow } from "../bench/matmul.ts";
import type { StepResult } from "../bench/step.ts";
import { UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import {
  backendOption,
  number,
  type SharedOptions,
  threadsOption,
  verb,
  wideOption,
} from "../options.ts";
import { integer } from "../ui/format.ts";
import { progressOption } from "../ui/mode.ts";
import { columns, writeJSON, writeLines } from "../ui/table.ts";
import { Ticker } from "../ui/ticker.ts";
import { version } from "../version.ts";

interface Options extends SharedOptions {
  readonly backend: string;
  readonly threads: number | "auto";
  readonly wide: boolean;
  readonly seconds: number;
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
    /** Why a faster variant, or more threads, do not run. */
    readonly notes: readonly string[];
  };
  readonly matmul?: readonly MatmulRow[];
  readonly step?: StepResult;
  readonly generate?: GenerationResult;
}

const PARTS = ["matmul", "step", "generate"] as const;
type Part = (typeof PARTS)[number];

/** `muladd bench`: how fast this machine multiplies, trains and writes. */
export function benchCommand(io: IO): Command {
  return verb(io, "bench", "How fast this machine multiplies, trains and writes.", [
    "bench",
    "bench step --profile",
    "bench matmul --seconds 60 --json",
  ])
    .argument("[part]", "matmul, step, generate or all", "all")
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(wideOption())
    .option("--seconds <n>", "time for each part, warm-up not counted", positive, 10)
    .option("--profile", "show a training step by op")
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
  const { on, title } = await describe(options);
  const show = (lines: readonly string[]) => {
    if (!options.json) writeLines(io, lines);
  };
  show([
    `muladd ${version} · ${title}`,
    describeMachine(here),
    ...on.notes.map((note) => `note: ${note}`),
    "medians of interleaved rounds after a warm-up, the best in brackets",
  ]);
  const report: Report = { v: 1, muladd: version, machine: here, backend: on };
  for (const part of parts) show(["", ...(await measure(io, part, options, report))]);
  return report;
}

async function describe(options: Options) {
  using backend = await openBackend(options.backend, options);
  const { variant, threads, threadsReason, notes } = backend as Partial<WasmBackend>;
  const on: BenchReport["backend"] = {
    name: backend.name,
    ...(variant ? { variant } : {}),
    ...(threads ? { threads } : {}),
    notes: [...(notes ?? []), ...(threadsReason ? [threadsReason] : [])],
  };
  return { on, title: describeBackend(backend) };
}

/** Measures one part into the report, and describes it. */
async function measure(io: IO, part: Part, options: Options, report: Report): Promise<string[]> {
  const { seconds, profile = false } = options;
  using ticker = new Ticker(io, options);
  ticker.tick({ what: `measuring ${part}` });
  const onRound = (round: number) =>
    ticker.tick({ what: `measuring ${part}, round`, done: round + 1 });
  using backend = await openBackend(options.backend, options);
  if (part === "matmul") {
    const { benchMatmul } = await import("../bench/matmul.ts");
    report.matmul = await benchMatmul(backend, { seconds, onRound });
    return matmulTable(report.matmul);
  }
  if (part === "step") {
    const { benchStep } = await import("../bench/step.ts");
    report.step = await benchStep(backend, { seconds, profile, onRound });
    return stepLines(report.step);
  }
  const { benchGeneration } = await import("../bench/generation.ts");
  report.generate = await benchGeneration(backend, { seconds, onRound });
  return generationLines(report.generate);
}

function matmulTable(rows: readonly MatmulRow[]): string[] {
  const shapes = new Map<string, MatmulRow[]>();
  for (const row of rows) {
    const shape = `${row.m} × ${row.n} × ${row.k}`;
    shapes.set(shape, [...(shapes.get(shape) ?? []), row]);
  }
  const cell = (r: MatmulRow) =>
    r.skipped ?? `${r.gflops!.toFixed(1)} (${r.bestGflops!.toFixed(1)})`;
  const body = Array.from(shapes, ([shape, of]) => [shape, ...of.map(cell)]);
  return columns(
    [["matmul, GFLOP/s: M × N × K", "NN: x·W", "NT: x·Wᵀ", "TN: xᵀ·g"], ...body],
    "rrrr",
  );
}

function stepLines(s: StepResult): string[] {
  const ms = (x: number) => `${x.toFixed(x < 10 ? 2 : 1)} ms`;
  const lines = [
    `step      ${s.preset}: ${ms(s.timing.median)} (${ms(s.timing.min)}) · ${integer(s.tokPerSec)} tok/s · ` +
      `${s.gflops.toFixed(1)} GFLOP/s of ${(s.flop / 1e9).toFixed(2)} GFLOP`,
    `          ${integer(s.parameters)} parameters · ${s.dispatches} dispatches · ` +
      `peak ${(s.peakBytes / 1e6).toFixed(1)} MB · ${s.timing.rounds} rounds`,
  ];
  if (!s.profile) return lines;
  const rows = s.profile.map((r) => [
    r.op,
    String(r.calls),
    r.ms.toFixed(3),
    `${(100 * r.share).toFixed(1)} %`,
  ]);
  return [...lines, "", ...columns([["op", "calls", "ms", "share"], ...rows], "lrrr")];
}

const generationLines = (g: GenerationResult): string[] => [
  `generate  ${g.preset}: ${integer(g.decode)} tok/s with the cache · ${integer(g.decodeUncached)} tok/s without`,
  `          prefill ${integer(g.prefill)} tok/s (a prompt of ${g.promptTokens}) · ${g.rounds} rounds`,
];
