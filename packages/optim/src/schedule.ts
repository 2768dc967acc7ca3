/** How the learning rate moves over a run. */
export interface ScheduleOptions {
  readonly kind: "constant" | "linear" | "cosine" | "wsd";
  /** The highest rate. */
  readonly rate: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps of linear rise at the start. Default 0. */
  readonly warmup?: number;
  /** The rate at the end. Default 0; `constant` has none. */
  readonly floor?: number;
  /** Share of the run that decays, for `wsd`. Default 0.2. */
  readonly decay?: number;
}

export const scheduleKinds = ["constant", "linear", "cosine", "wsd"] as const;

/**
 * step (from 0) → learning rate. Warm-up is rate · (step+1)/(warmup+1), as in nanoGPT; then
 * - constant: rate;
 * - linear: a straight line to the floor;
 * - cosine: floor + ½(1 + cos πr)(rate − floor), r = the share done. Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983;
 * - wsd (warm-up, stable, decay): rate, then floor + (1 − √d)(rate − floor) over the last part. Hägele et al. 2024,
 *   https://arxiv.org/abs/2405.18392.
 *
 * Beyond the last step the floor stays. Throws RangeError for a warm-up longer than the run, or negative numbers.
 */
export function schedule(options: ScheduleOptions): (step: number) => number {
  const { kind, rate, steps, warmup = 0, floor = 0, decay = 0.2 } = options;
  if (!(rate >= 0 && floor >= 0 && warmup >= 0 && decay >= 0 && decay <= 1))
    throw new RangeError(
      "schedule: rate, floor and warmup must not be negative, decay lies in 0 … 1",
    );
  if (warmup > steps && kind !== "constant")
    throw new RangeError(
      `schedule: a warm-up of ${warmup} steps is longer than the run of ${steps}`,
    );
  const shape = shapes[kind];
  if (!shape) throw new RangeError(`schedule: "${kind}" is none of ${scheduleKinds.join(", ")}`);
  return (step) => {
    if (step < warmup) return (rate * (step + 1)) / (warmup + 1);
    const done = steps > warmup ? Math.min((step - warmup) / (steps - warmup), 1) : 1;
    const start = Math.max(1 - (decay * steps) / Math.max(steps - warmup, 1), 0);
    return floor + shape(done, start) * (rate - floor);
  };
}

/** The share of (rate − floor) left when `done` of the run after warm-up is over; `start` is where wsd begins to decay. */
const shapes: Record<ScheduleOptions["kind"], (done: number, start: number) => number> = {
  constant: () => 1,
  linear: (done) => 1 - done,
  cosine: (done) => 0.5 * (1 + Math.cos(Math.PI * done)),
  wsd: (done, start) => (done <= start ? 1 : 1 - Math.sqrt((done - start) / (1 - start))),
};
