import { type GPT, plan } from "@muladd/gpt";
import { Trainer } from "@muladd/gpt/train";
import { type Backend, type Event, observe, ops } from "@muladd/tensor";
import { now, type Timing, timeRounds } from "./rounds.ts";
import { newModel, type Subject, subject } from "./subject.ts";

/** One op in a training step. */
export interface ProfileRow {
  readonly op: string;
  readonly calls: number;
  /** Milliseconds, TypeScript around the kernel included. */
  readonly ms: number;
  /** Of the whole step. */
  readonly share: number;
}

export interface StepResult {
  readonly preset: string;
  readonly parameters: number;
  /** Batch · context. */
  readonly tokens: number;
  /** FLOP of one step, attention included. */
  readonly flop: number;
  readonly timing: Timing;
  readonly tokPerSec: number;
  /** FLOP over the median time, in 10⁹ a second. */
  readonly gflops: number;
  /** Ops of one step that run a kernel. */
  readonly dispatches: number;
  /** What the backend held at its worst. */
  readonly peakBytes: number;
  /** By op, the longest first. */
  readonly profile?: readonly ProfileRow[];
}

export interface StepOptions {
  readonly seconds: number;
  readonly preset?: string;
  readonly profile?: boolean;
  readonly onRound?: (round: number) => void;
}

/**
 * Times training steps of a {@link subject}: batch drawn, forward, backward, clipping, AdamW, and the loss read. The text is
 * random ids, whose values do not change the time.
 */
export async function benchStep(backend: Backend, options: StepOptions): Promise<StepResult> {
  const { seconds, preset: name = "nanogpt-cpu", profile = false, onRound } = options;
  const { model: config, training } = subject(name);
  using model = newModel(backend, config);
  using trainer = trainerOf(model.gpt, training);
  const timings = await timeRounds(
    [{ run: async (times) => void (await repeat(times, () => trainer.advance())) }],
    { seconds, ...(onRound ? { onRound } : {}) },
  );
  const timing = timings[0]!;
  const { flop, parameters } = plan(config, { batch: training.batch, steps: 1 });
  const { dispatches, rows } = await profileStep(trainer, profile ? PROFILED : 1);
  const tokens = trainer.tokensPerStep;
  return {
    preset: name,
    parameters: parameters.total,
    tokens,
    flop: flop.step,
    timing,
    tokPerSec: tokens / (timing.median / 1000),
    gflops: flop.step / timing.median / 1e6,
    dispatches,
    peakBytes: backend.memory.peakBytes,
    ...(profile ? { profile: rows } : {}),
  };
}

const PROFILED = 5;

function trainerOf(model: GPT, config: Subject["training"]): Trainer {
  const { context, vocabulary } = model.config;
  const ids = (length: number) =>
    Int32Array.from({ length }, (_, i) => Math.floor(((i * 0.618033988749895) % 1) * vocabulary));
  return new Trainer({
    model,
    config,
    data: { train: ids(64 * context), heldOut: ids(2 * context) },
  });
}

async function repeat(times: number, body: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await body();
}

/**
 * Listens at the door during some steps. The time between two events goes to the op of the later one: right where
 * kernels have run when they return, as in WebAssembly and plain TypeScript.
 */
async function profileStep(
  trainer: Trainer,
  steps: number,
): Promise<{ dispatches: number; rows: ProfileRow[] }> {
  const seen = new Map<string, { calls: number; ms: number }>();
  let dispatches = 0;
  let total = 0;
  for (let i = 0; i < steps; i++) {
    const start = now();
    let last = start;
    const note = ({ op }: Event) => {
      const time = now();
      const row = seen.get(op) ?? { calls: 0, ms: 0 };
      seen.set(op, { calls: row.calls + 1, ms: row.ms + time - last });
      if (runsKernel(op)) dispatches++;
      last = now();
    };
    // A step dispatches everything before it waits for the first time, so that one observation sees it all.
    await observe({ observe: note }, () => trainer.advance());
    total += now() - start;
  }
  const rows = Array.from(seen, ([op, { calls, ms }]) => ({
    op,
    calls: calls / steps,
    ms: ms / steps,
    share: ms / total,
  }));
  const left = total - rows.reduce((sum, r) => sum + r.ms * steps, 0);
  rows.push({ op: "(waiting for the loss)", calls: 1, ms: left / steps, share: left / total });
  return { dispatches: dispatches / steps, rows: rows.toSorted((a, b) => b.ms - a.ms) };
}

/** All but views such as a reshape, which only rename memory. */
function runsKernel(op: string): boolean {
  const row = (ops as Readonly<Record<string, { readonly run?: unknown }>>)[op];
  return row === undefined || row.run !== undefined;
}
