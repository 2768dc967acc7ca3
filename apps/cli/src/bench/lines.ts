import { integer, quantity, speed } from "../ui/format.ts";
import { columns } from "../ui/table.ts";
import type { GenerationResult } from "./generation.ts";
import type { DeviceWork, KernelProfile } from "./kernels.ts";
import type { MatmulRow } from "./matmul.ts";
import type { StepResult } from "./step.ts";

// What was measured, for a person.

/** A table of GFLOP/s, a row for each shape. */
export function matmulLines(rows: readonly MatmulRow[]): string[] {
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

/**
 * `residentBytes`: the most that the process has held in memory. Not said of a profiled step, since the arrays that measure
 * the bandwidth are among it.
 */
export function stepLines(s: StepResult, residentBytes: number): string[] {
  const ms = (x: number) => `${x.toFixed(x < 10 ? 2 : 1)} ms`;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
  const process = s.profile ? "" : `, ${mb(residentBytes)} of the process`;
  const lines = [
    `step      ${s.preset}: ${ms(s.timing.median)} (${ms(s.timing.min)}) · ${integer(s.tokPerSec)} tok/s · ` +
      `${s.gflops.toFixed(1)} GFLOP/s of ${(s.flop / 1e9).toFixed(2)} GFLOP`,
    `          ${integer(s.parameters)} parameters · ${s.dispatches} dispatches · ` +
      `peak ${mb(s.peakBytes)} of tensors${process} · ${s.timing.rounds} rounds`,
  ];
  if (s.device) lines.push(deviceLine(s.device, "step"));
  if (s.kernels) lines.push(...kernelLines(s.kernels, "step"));
  if (!s.profile || !s.roofline || !s.overhead) return lines;
  const { flops, bandwidth } = s.roofline;
  const { overhead } = s;
  lines.push(
    `roofline  ${(flops / 1e9).toFixed(1)} GFLOP/s in the caches · ${(bandwidth / 1e9).toFixed(1)} GB/s of memory`,
    `overhead  ${ms(overhead.ms)} with kernels that do nothing: ${percent(overhead.share)} of the step, ` +
      `${overhead.microsPerDispatch.toFixed(1)} µs a dispatch`,
  );
  const rows = s.profile.map((r) => [
    r.op,
    String(r.calls),
    r.ms.toFixed(3),
    percent(r.share),
    r.flop ? (r.flop / r.ms / 1e6).toFixed(1) : "",
    r.bytes ? (r.bytes / r.ms / 1e6).toFixed(1) : "",
    r.roof === undefined ? "" : percent(r.roof),
  ]);
  const head = ["op", "calls", "ms", "share", "GFLOP/s", "GB/s", "of the roofline"];
  return [...lines, "", ...columns([head, ...rows], "lrrrrrr")];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A row for each way to store one preset's weights. */
export function generationLines(results: readonly GenerationResult[]): string[] {
  const { preset, promptTokens } = results[0]!;
  const head = [
    "weights",
    "bytes",
    "tok/s",
    "without the cache",
    `prompt of ${promptTokens}`,
    "rounds",
  ];
  const rows = results.map((g) => [
    g.weights,
    quantity(g.weightBytes, "B"),
    speed(g.decode),
    g.decodeUncached === undefined ? "" : speed(g.decodeUncached),
    speed(g.prefill),
    String(g.rounds),
  ]);
  return [
    `generate  ${preset}, tok/s one at a time and of reading a prompt`,
    ...columns([head, ...rows], "lrrrrr").map((line) => `          ${line}`),
    ...results.flatMap(({ weights, device, kernels }) => [
      ...(device ? [deviceLine(device, `token in ${weights}`)] : []),
      ...(kernels ? kernelLines(kernels, `token in ${weights}`) : []),
    ]),
  ];
}

const deviceLine = ({ dispatches, submits }: DeviceWork, unit: string): string =>
  `          on the GPU a ${unit}: ${rounded(dispatches)} dispatches of kernels, ${rounded(submits)} submits`;

const rounded = (x: number): string => String(+x.toFixed(1));

/** A table of kernels; `unit` is what `calls` and `ms` are of. */
export function kernelLines({ rows, ms, wallMs }: KernelProfile, unit: string): string[] {
  if (rows.length === 0) return []; // a note of the backend says why
  const body = rows.map((r) => [
    r.name,
    rounded(r.calls),
    r.ms.toFixed(3),
    percent(r.share),
    r.gflops ? r.gflops.toFixed(1) : "",
    r.gbytes ? r.gbytes.toFixed(1) : "",
  ]);
  return [
    "",
    `kernels   ${ms.toFixed(3)} ms a ${unit} by the device's clock; ${wallMs.toFixed(3)} ms with the host, each kernel in a pass of its own`,
    "",
    ...columns([["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"], ...body], "lrrrrr"),
  ];
}
