import { totalmem } from "node:os";
import type { Plan } from "@muladd/gpt";
import type { Backend } from "@muladd/tensor";
import { formatFlag, type WeightFormat } from "./precision.ts";
import { quantity, speed } from "./ui/format.ts";
import { columns } from "./ui/table.ts";

/** What a model takes here with its matrices in one format. */
export interface FormatPlan {
  readonly weights: WeightFormat;
  /** Of the weights. */
  readonly bytes: number;
  /** With the keys and values of one sequence of the whole context. */
  readonly total: number;
  /** In memory with 32-bit addresses, only in one of 64 bits (`--memory`), or not on this machine. */
  readonly fits: "yes" | "with --memory" | "no";
  /** Written after a full context, by the measured speed of a product with one row. Absent where nothing was measured. */
  readonly tokPerSec?: number;
}

const FORMATS = ["f32", "bf16", "int8", "int4"] as const;
/** What wasm's 64-bit memory is given at most, by what engines grant. */
const MOST = 16 * 2 ** 30;
/** Rows and columns of the matrix that speeds are measured with: 16 MiB in f32, more than most caches hold. */
const SIDE = 2048;
const MEASURED_MS = 120;

/** What fits this machine in which format, and how fast it would write. */
export async function planFormats(
  { config, bytes, flop }: Plan,
  measure: boolean,
): Promise<FormatPlan[]> {
  const [{ weightBytes }, { features, wasm }] = await Promise.all([
    import("@muladd/gpt"),
    import("@muladd/backend-wasm"),
  ]);
  using backend = measure ? await wasm().catch(() => undefined) : undefined;
  const most = Math.min(totalmem(), features().memory64 ? MOST : 2 ** 32);
  const plans: FormatPlan[] = [];
  for (const weights of FORMATS) {
    const held = weightBytes(config, weights);
    const total = held + bytes.cache;
    const fits =
      total <= Math.min(totalmem(), 2 ** 32) ? "yes" : total <= most ? "with --memory" : "no";
    const rate = backend && { tokPerSec: (await rowRate(backend, weights)) / flop.token };
    plans.push({ weights, bytes: held, total, fits, ...rate });
  }
  return plans;
}

/** FLOP/s of a row times a matrix in that format: what writing a token is made of. */
async function rowRate(backend: Backend, format: WeightFormat): Promise<number> {
  const [{ blank }, { linear, Tensor }] = await Promise.all([
    import("@muladd/nn"),
    import("@muladd/tensor"),
  ]);
  using matrix = blank(backend, { weights: format }).matrix(SIDE, SIDE, 0);
  using row = Tensor.from(backend, new Float32Array(SIDE), [1, SIDE]);
  let count = -1; // the first is a warm-up
  let begun = 0;
  let now = 0;
  do {
    using out = linear(row, matrix);
    await out.data();
    now = performance.now();
    if (++count === 0) begun = now;
  } while (count === 0 || now - begun < MEASURED_MS);
  return (2 * SIDE * SIDE * count * 1000) / (now - begun);
}

/** The table for a person. */
export const describeFormats = (plans: readonly FormatPlan[]): string[] => [
  ...columns(
    [
      ["to run here", "weights", "with context", "fits", "tokens/s"],
      ...plans.map(({ weights, bytes, total, fits, tokPerSec }) => [
        weights === "f32" ? weights : formatFlag(weights),
        quantity(bytes, "B"),
        quantity(total, "B"),
        fits,
        tokPerSec === undefined ? "" : speed(tokPerSec),
      ]),
    ],
    "lrrlr",
  ),
  ...(plans.some(({ tokPerSec }) => tokPerSec !== undefined)
    ? ["tokens/s: after a full context, from a product of one row that was timed here"]
    : []),
];
