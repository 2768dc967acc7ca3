import type { GPTConfig, Plan } from "@muladd/gpt";
import type { Backend } from "@muladd/tensor";
import { openBackend } from "../backend.ts";
import { matmulRate } from "../bench/matmul.ts";
import { type Contestant, settle, timeRounds } from "../bench/rounds.ts";
import { FORMATS, type PlannedFormat } from "./machine.ts";

/** What this CPU reaches with all its threads. FLOP/s. */
export interface Speeds {
  /** Of products of a GPT's size, as training and the reading of a prompt have them. */
  readonly products: number;
  /** Of one row with the model's own matrices, as writing has them: by how the weights are held. */
  readonly rows: Readonly<Record<PlannedFormat, number>>;
}

/** Numbers in the matrix of a row: beyond any cache, and made in no time. */
const MOST = 2 ** 24;

/** Measures this CPU for a model, in about a second. Throws BackendUnavailable where wasm cannot run. */
export async function measureSpeeds(config: GPTConfig): Promise<Speeds> {
  using backend = await openBackend("wasm");
  const products = await matmulRate(backend, 0.25, { m: 512, n: 384, k: 384 });
  return { products, rows: await rowRates(backend, config) };
}

async function rowRates(
  backend: Backend,
  { width, hidden }: GPTConfig,
): Promise<Record<PlannedFormat, number>> {
  const { full, linear, Packed, tidy } = await import("@muladd/tensor");
  const columns = Math.min(width, MOST);
  const rows = Math.max(1, Math.min(hidden, Math.floor(MOST / columns)));
  using x = full(backend, [1, columns], 1);
  const weights = FORMATS.map((format) =>
    format === "f32"
      ? full(backend, [rows, columns], 1)
      : new Packed(backend, format, [rows, columns]),
  );
  try {
    const contestants = weights.map(
      (weight): Contestant => ({
        run(times) {
          for (let i = 0; i < times; i++) tidy(() => void linear(x, weight));
          return settle(backend);
        },
      }),
    );
    const timings = await timeRounds(contestants, { seconds: 0.4 });
    const rate = (i: number) => (2 * rows * columns) / (timings[i]!.median / 1000);
    return { f32: rate(0), bf16: rate(1), int8: rate(2), int4: rate(3) };
  } finally {
    for (const weight of weights) weight[Symbol.dispose]();
  }
}

/** Tokens a second that a model writes at most, after a full context, and reads of a prompt. */
export function tokenRates({ flop }: Pick<Plan, "flop">, { products, rows }: Speeds) {
  const write = Object.fromEntries(FORMATS.map((format) => [format, rows[format] / flop.token]));
  return { read: products / flop.token, write: write as Record<PlannedFormat, number> };
}
