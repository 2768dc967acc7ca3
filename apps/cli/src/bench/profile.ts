import type { Trainer } from "@muladd/gpt/train";
import { type Event, observe, ops } from "@muladd/tensor";
import { type Roofline, roofMs } from "./roofline.ts";
import { now } from "./rounds.ts";
import { type Work, workOf } from "./work.ts";

/** One op in a training step: all its calls together. */
export interface ProfileRow extends Work {
  readonly op: string;
  readonly calls: number;
  /** Milliseconds, TypeScript around the kernel included. */
  readonly ms: number;
  /** Of the whole step. */
  readonly share: number;
  /**
   * The milliseconds that the roofline leaves for the op's work over those it took. Above 1 where the caches held what it
   * touched. Absent for what is no op, and without a roofline.
   */
  readonly roof?: number;
}

export interface StepProfile {
  /** Ops of one step that run a kernel. */
  readonly dispatches: number;
  /** The longest first. */
  readonly rows: readonly ProfileRow[];
}

/**
 * Listens at the door during some steps. The time between two events goes to the op of the later one: right where
 * kernels have run when they return, as in WebAssembly and plain TypeScript.
 */
export async function profileStep(
  trainer: Trainer,
  steps: number,
  roofline?: Roofline,
): Promise<StepProfile> {
  const seen = new Map<string, { calls: number; ms: number; roofMs: number } & Work>();
  let dispatches = 0;
  let total = 0;
  for (let i = 0; i < steps; i++) {
    const start = now();
    let last = start;
    const note = (event: Event) => {
      const ms = now() - last;
      const { op } = event;
      const row = seen.get(op) ?? { calls: 0, ms: 0, roofMs: 0, flop: 0, bytes: 0 };
      const kernel = runsKernel(op);
      const work = kernel ? workOf(event) : { flop: 0, bytes: 0 };
      seen.set(op, {
        calls: row.calls + 1,
        ms: row.ms + ms,
        roofMs: row.roofMs + (roofline ? roofMs(work, roofline) : 0),
        flop: row.flop + work.flop,
        bytes: row.bytes + work.bytes,
      });
      if (kernel) dispatches++;
      last = now();
    };
    // A step dispatches everything before it waits for the first time, so that one observation sees it all.
    await observe({ observe: note }, () => trainer.advance());
    total += now() - start;
  }
  const rows = Array.from(
    seen,
    ([op, row]): ProfileRow => ({
      op,
      calls: row.calls / steps,
      ms: row.ms / steps,
      share: row.ms / total,
      flop: row.flop / steps,
      bytes: row.bytes / steps,
      ...(roofline && row.bytes > 0 ? { roof: row.roofMs / row.ms } : {}),
    }),
  );
  const left = total - rows.reduce((sum, r) => sum + r.ms * steps, 0);
  const waiting = { op: "(waiting for the loss)", calls: 1, flop: 0, bytes: 0 };
  rows.push({ ...waiting, ms: left / steps, share: left / total });
  return { dispatches: dispatches / steps, rows: rows.toSorted((a, b) => b.ms - a.ms) };
}

/** All but views such as a reshape, which only rename memory. */
function runsKernel(op: string): boolean {
  const row = (ops as Readonly<Record<string, { readonly run?: unknown }>>)[op];
  return row === undefined || row.run !== undefined;
}
