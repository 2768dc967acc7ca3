// How the peers are measured and report: as `muladd bench` does (apps/cli/src/bench/rounds.ts).
import { readFileSync } from "node:fs";
import { median } from "../src/rounds.mjs";

const WARM_UP = 3;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 200;
const SHORTEST = 4;
/** A product that takes longer than this runs once, and one that would take longer than that not at all. */
const LONG = 500;
const TOO_LONG = 2000;

/** Rows, columns and products an element of each shape. @type {[m: number, n: number, k: number][]} */
export const shapes = JSON.parse(readFileSync(new URL("../shapes.json", import.meta.url), "utf8"));

/** nanoGPT's model as its README trains it on a CPU. */
export const nanogpt = { layers: 4, width: 128, heads: 4, context: 64, batch: 12, vocabulary: 65 };

/**
 * Milliseconds of each body in interleaved rounds, after a warm-up; short ones are repeated until a clock can tell.
 * @param {readonly (() => unknown)[]} bodies
 * @param {number} seconds
 */
export async function rounds(bodies, seconds) {
  const repeats = [];
  const times = [];
  for (const body of bodies) {
    let took = Infinity;
    const begun = performance.now();
    for (let i = 0; i < WARM_UP && (i === 0 || performance.now() - begun < 1000); i++) {
      const start = performance.now();
      await body();
      took = performance.now() - start;
    }
    repeats.push(Math.max(1, Math.ceil(SHORTEST / Math.max(took, 1e-3))));
    times.push(took > LONG && bodies.length > 1 ? [took] : []);
  }
  const slow = times.map((t) => t.length > 0);
  const started = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round >= MIN_ROUNDS && performance.now() - started > seconds * 1000) break;
    for (const [i, body] of bodies.entries()) {
      if (slow[i]) continue;
      const start = performance.now();
      for (let r = 0; r < repeats[i]; r++) await body();
      times[i].push((performance.now() - start) / repeats[i]);
    }
  }
  return times;
}

/**
 * Every product in every mode, but those that would take too long by the speed of the first, and those that `prepare`
 * declines.
 * @param {number} seconds
 * @param {(product: { m: number, n: number, k: number, transposeA: boolean, transposeB: boolean }) => any} prepare a body, a promise of one, or nothing
 */
export async function products(seconds, prepare) {
  const rows = shapes.flatMap(([m, n, k]) => ["NN", "NT", "TN"].map((mode) => ({ m, n, k, mode })));
  /** @type {(row: typeof rows[number]) => Promise<(() => unknown) | undefined>} */
  const bodyOf = async ({ m, n, k, mode }) =>
    prepare({ m, n, k, transposeA: mode === "TN", transposeB: mode === "NT" });
  /** @param {typeof rows[number]} row */
  const flop = ({ m, n, k }) => 2 * m * n * k;
  /** @type {Record<string, number>} FLOP a millisecond, by mode */
  const speed = {};
  const measured = [];
  for (const row of rows) {
    if (speed[row.mode] && flop(row) / Number(speed[row.mode]) > TOO_LONG) continue;
    const body = await bodyOf(row);
    if (!body) continue;
    measured.push({ row, body });
    if (speed[row.mode]) continue;
    const [times = []] = await rounds([body], 0);
    speed[row.mode] = flop(row) / median(times);
  }
  const times = await rounds(
    measured.map((one) => one.body),
    seconds,
  );
  return rows.map((row) => {
    const ms = times[measured.findIndex((one) => one.row === row)];
    return { ...row, ...(ms ? { gflops: flop(row) / median(ms) / 1e6 } : {}) };
  });
}

/** @param {number} seconds @param {() => unknown} advance one training step */
export async function steps(seconds, advance) {
  const [times] = await rounds([advance], seconds);
  return { ms: median(times) };
}

/**
 * Runs what the command line asks for, `<part> <seconds> <threads>`, and prints a line of JSON.
 * @param {Record<string, (seconds: number, threads: number) => unknown>} parts
 */
export async function main(parts) {
  const [part, seconds, threads] = process.argv.slice(2);
  const result = await parts[part](Number(seconds), Number(threads));
  console.log(JSON.stringify(result));
  process.exit(0); // whatever pool of threads is left
}

/** Ids that follow no pattern a cache could learn. @param {number} length @param {number} vocabulary */
export const ids = (length, vocabulary) =>
  Int32Array.from({ length }, (_, i) => Math.floor(((i * 0.618033988749895) % 1) * vocabulary));

/** Numbers in ±scale, quickly. @param {number} length @param {number} scale */
export function noise(length, scale) {
  const out = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = (state / 0x80000000) * scale;
  }
  return out;
}
