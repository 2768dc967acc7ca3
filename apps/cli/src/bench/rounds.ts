import { type Backend, Tensor } from "@muladd/tensor";

/** How long one thing took, over several rounds. Milliseconds. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  /** Rounds that were timed; each repeats the work until a clock can tell. */
  readonly rounds: number;
}

/** Something to time: `run` does it `times` times over, and resolves when the device is done. */
export interface Contestant {
  run(times: number): void | Promise<void>;
}

export interface RoundsOptions {
  /** Time for all rounds together, warm-up not counted. At least {@link MIN_ROUNDS} rounds run, however long they take. */
  readonly seconds: number;
  /** Milliseconds that a measurement takes at least. Default: {@link SHORTEST}. */
  readonly shortest?: number;
  /** Called before each round. */
  readonly onRound?: (round: number) => void;
}

/** Runs before the first round, unless they take more than a second. */
const WARM_UP = 3;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 200;
/** A measurement shorter than this says more about the clock and the scheduler. Milliseconds. */
const SHORTEST = 4;
/** The same for a device that is waited for: hearing that it is done takes some tenths of a millisecond. */
export const SHORTEST_ON_DEVICE = 50;

export const now = (): number => performance.now();

/** The middle of the values; of an even number of them the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Times contestants in interleaved rounds, so that a slow minute of the machine falls on all of them. Each runs before,
 * for the engine to compile what it will run, and then as often within a round as a clock needs.
 */
export async function timeRounds(
  contestants: readonly Contestant[],
  { seconds, shortest = SHORTEST, onRound }: RoundsOptions,
): Promise<Timing[]> {
  const repeats: number[] = [];
  for (const { run } of contestants) {
    let took = Infinity;
    const begun = now();
    for (let i = 0; i < WARM_UP && (i === 0 || now() - begun < 1000); i++) {
      const start = now();
      await run(1);
      took = now() - start;
    }
    repeats.push(Math.max(1, Math.ceil(shortest / Math.max(took, 1e-3))));
  }
  const times = contestants.map((): number[] => []);
  const started = now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round >= MIN_ROUNDS && now() - started > seconds * 1000) break;
    onRound?.(round);
    for (const [i, { run }] of contestants.entries()) {
      const start = now();
      await run(repeats[i]!);
      times[i]!.push((now() - start) / repeats[i]!);
    }
  }
  return times.map((t) => ({ median: median(t), min: Math.min(...t), rounds: t.length }));
}

/** Resolves when all work that was dispatched before is done. */
export async function settle(backend: Backend): Promise<void> {
  using mark = Tensor.from(backend, [0]);
  await mark.data();
}
