import type { Facts } from "@muladd/backend-webgpu";
import type { Command } from "commander";
import { describeMachine, type Machine, machine } from "../bench/machine.ts";
import { describeAdapter, softwareDriver } from "../gpu.ts";
import { type IO, paint } from "../io.ts";
import { type SharedOptions, verb } from "../options.ts";
import { showsUTF8 } from "../ui/cells.ts";
import { resolveMode } from "../ui/mode.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { version } from "../version.ts";

/** What a backend can do here, or why it cannot, and what would change that. */
export interface BackendState {
  readonly name: string;
  readonly available: boolean;
  readonly detail: string;
  readonly remedy?: string;
  /** Of webgpu. */
  readonly adapter?: Facts;
}

/** What `muladd doctor --json` prints. */
export interface Diagnosis {
  readonly v: 1;
  readonly muladd: string;
  readonly machine: Machine;
  readonly freeMemory: number;
  /** Flags of this process, and those of NODE_OPTIONS. */
  readonly nodeFlags: readonly string[];
  readonly backends: readonly BackendState[];
  readonly threads: { readonly used: number; readonly why: string };
  readonly terminal: {
    readonly stdout: string;
    readonly stderr: string;
    readonly columns: number;
    readonly colors: boolean;
    readonly unicode: boolean;
    /** How progress shows when `--progress` is auto. */
    readonly progress: string;
  };
}

/** `muladd doctor`: the environment, and what is missing in it. Always succeeds. */
export function doctorCommand(io: IO): Command {
  return verb(io, "doctor", "What this machine has, and what is missing.", [
    "doctor",
    "doctor --json",
  ]).action(async ({ json }: SharedOptions) => {
    const found = await diagnose(io);
    if (json) writeJSON(io, found);
    else writeLines(io, describe(io, found));
  });
}

async function diagnose(io: IO): Promise<Diagnosis> {
  const { freemem } = process.getBuiltinModule("node:os");
  const options = io.env.NODE_OPTIONS?.split(/\s+/).filter(Boolean) ?? [];
  return {
    v: 1,
    muladd: version,
    machine: machine(),
    freeMemory: freemem(),
    nodeFlags: [...process.execArgv, ...options],
    backends: [await webgpuState(), await wasmState(), reference],
    threads: await threadsState(),
    terminal: {
      stdout: io.stdout.isTTY ? "terminal" : "file or pipe",
      stderr: io.stderr.isTTY ? "terminal" : "file or pipe",
      columns: io.stderr.columns,
      colors: io.stdout.colors,
      unicode: showsUTF8(io.env),
      progress: resolveMode(io, "auto", false).mode,
    },
  };
}

/** Threads of the wasm backend. */
async function threadsState(): Promise<Diagnosis["threads"]> {
  const { features } = await import("@muladd/backend-wasm");
  const { threads, threadsReason } = features();
  return { used: threads, why: threadsReason ?? "all cores of this process, over shared memory" };
}

const WIDTHS = {
  simd: "128-bit SIMD",
  relaxed: "relaxed SIMD (fused multiply-add)",
  wide: "256-bit SIMD (V8's revectorizer)",
} as const;

async function wasmState(): Promise<BackendState> {
  const { wasm } = await import("@muladd/backend-wasm");
  const { BackendUnavailable } = await import("@muladd/tensor");
  try {
    using backend = await wasm({ wide: true });
    await backend.startThreads();
    const { matmulRate } = await import("../bench/matmul.ts");
    const rate = await matmulRate(backend, 0.2);
    const speed = `${(rate / 1e9).toFixed(0)} GFLOP/s on ${backend.threads} thread${backend.threads === 1 ? "" : "s"}`;
    const detail = [`${WIDTHS[backend.variant]}, ${speed}`, ...backend.notes].join("; ");
    return backend.variant === "wide"
      ? { name: "wasm", available: true, detail }
      : {
          name: "wasm",
          available: true,
          detail,
          remedy: "Node 24 or later, on a processor with AVX2",
        };
  } catch (error) {
    if (!(error instanceof BackendUnavailable)) throw error;
    const [detail = "", ...rest] = error.message.replace(/^wasm: /, "").split("; ");
    return { name: "wasm", available: false, detail, remedy: rest.join("; ") };
  }
}

/** The adapter, without opening a device on it. */
async function webgpuState(): Promise<BackendState> {
  const { adapterFacts } = await import("@muladd/backend-webgpu");
  const { BackendUnavailable } = await import("@muladd/tensor");
  try {
    const adapter = await adapterFacts();
    return {
      name: "webgpu",
      available: true,
      detail: describeAdapter(adapter),
      adapter,
      ...(adapter.software
        ? { remedy: "a GPU with its driver: a software adapter is slower than wasm" }
        : {}),
    };
  } catch (error) {
    if (!(error instanceof BackendUnavailable)) throw error;
    const driver = error.message.includes("no adapter") ? softwareDriver() : undefined;
    return {
      name: "webgpu",
      available: false,
      detail: error.message.replace(/^webgpu: /, "").split("; ")[0]!,
      remedy: driver ? `${error.remedy}; here: ${driver} muladd …` : error.remedy,
    };
  }
}

/** What an adapter offers, for a person. */
function adapterLines(f: Facts): string[] {
  const has = (there: boolean, what: string) => (there ? what : `no ${what}`);
  const lanes = f.maxSubgroup > f.minSubgroup ? `${f.minSubgroup}–${f.maxSubgroup}` : f.maxSubgroup;
  const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  return [
    `vendor ${f.vendor || "not told"} · architecture ${f.architecture || "not told"} · ${f.description || "no description"}`,
    [
      has(f.f16, "f16"),
      has(f.subgroups, "subgroups") + (f.subgroups ? ` of ${lanes}` : ""),
      has(f.timestamps, "timestamps"),
    ].join(" · "),
    `a buffer ${mebibytes(f.maxBufferBytes)}, bound ${mebibytes(f.maxBindingBytes)} · ` +
      `a workgroup ${f.maxWorkgroupLanes} lanes, ${f.maxWorkgroupBytes / 1024} KiB`,
  ];
}

const reference: BackendState = {
  name: "reference",
  available: true,
  detail: "plain TypeScript: slow, runs everywhere",
};

function describe(io: IO, d: Diagnosis): string[] {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const { machine: m, terminal: t } = d;
  const label = (name: string) => name.padEnd(12);
  const backends = d.backends.flatMap(({ name, available, detail, remedy, adapter }) => [
    `${label(name)}${available ? paint(io.stdout, "green", "yes") : paint(io.stdout, "yellow", "no ")}  ${detail}`,
    ...(adapter ? adapterLines(adapter) : []).map((line) => `${label("")}     ${line}`),
    ...(remedy ? [`${label("")}     try  ${remedy}`] : []),
  ]);
  return [
    `${label("muladd")}${d.muladd}`,
    `${label("machine")}${describeMachine(m)}`,
    `${label("memory")}${gigabytes(m.memory)}, ${gigabytes(d.freeMemory)} free`,
    `${label("node flags")}${d.nodeFlags.join(" ") || "none"}`,
    "",
    ...backends,
    `${label("threads")}${d.threads.used}: ${d.threads.why}`,
    "",
    `${label("stdout")}${t.stdout} · ${t.colors ? "colours" : "no colours"}`,
    `${label("stderr")}${t.stderr} · ${t.columns} columns · ${t.unicode ? "Unicode" : "ASCII"} · progress ${t.progress}`,
  ];
}
