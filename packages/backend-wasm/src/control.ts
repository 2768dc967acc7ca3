import { TABLE } from "./memory.ts";

/** Threads that a backend can use at most. */
export const MAX_THREADS = 64;

/** Where the threads of a backend meet, in page 0 behind the table of arguments: bytes. */
export const CONTROL = TABLE + 16384;

/** Words from CONTROL on. Each that is spun on has a cache line of its own. */
export const WORD = {
  /** Jobs so far: what an idle worker sleeps on. */
  sequence: 0,
  /** Parts that nobody has claimed yet. */
  unclaimed: 16,
  /** Parts that are not done yet: what the calling thread sleeps on. */
  pending: 32,
  /** Workers asleep. */
  sleeping: 48,
  /** 1 while the calling thread sleeps. */
  waiting: 64,
  /** 1: workers end. */
  stop: 80,
  /** Number of the first worker whose kernel trapped. */
  trapped: 96,
  /** Workers that run. */
  ready: 112,
  // The job.
  kernel: 128,
  arguments: 129,
  parts: 130,
  units: 131,
  block: 132,
  scratch: 133,
  /** Axes of the table plus one; 0: no table. */
  table: 134,
  axis: 135,
} as const;

/** Float64 slots from CONTROL on: the arguments of the job, then their steps. */
export const ARGUMENTS = 128;
export const STEPS = 160;
