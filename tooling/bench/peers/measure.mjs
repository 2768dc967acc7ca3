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
 * Milliseconds of a body, round by round, after a warm-up; a short one is repeated until a clock can tell.
 * @param {() => unknown} body
 * @param {number} seconds
 * @param {number} [long] with more than this, the warm-up's last run is all
 */
export async function rounds(body, seconds, long = Infinity) {
  let took = Infinity;
  const begun = performance.now();
  for (let i = 0; i < WARM_UP && (i === 0 || performance.now() - begun < 1000); i++) {
    const start = performance.now();
    await body();
    took = performance.now() - start;
  }
  if (took > long) return [took];
  const repeats = Math.max(1, Math.ceil(SHORTEST / Math.max(took, 1e-3)));
  const times = [];
  const started = performance.now();
  while (times.length < MAX_ROUNDS) {
    if (times.length >= MIN_ROUNDS && performance.now() - started > seconds * 1000) break;
    const start = performance.now();
    for (let r = 0; r < repeats; r++) await body();
    times.push((performance.now() - start) / repeats);
  }
  return times;
}

/**
 * Every product in every mode, one after the other, so that no pool of threads spins for another; but those that would take
 * too long by the speed of the first, and those that `prepare` declines.
 * @param {number} seconds for all together
 * @param {(product: { m: number, n: number, k: number, transposeA: boolean, transposeB: boolean }) => any} prepare what to
 * `run`, and how to `free` it; a promise of that, or nothing
 */
export async function products(seconds, prepare) {
  const rows = shapes.flatMap(([m, n, k]) => ["NN", "NT", "TN"].map((mode) => ({ m, n, k, mode })));
  /** @type {Record<string, number>} FLOP a millisecond, by mode */
  const speed = {};
  for (const row of rows) {
    const { m, n, k, mode } = row;
    const flop = 2 * m * n * k;
    if (flop / (speed[mode] ?? Infinity) > TOO_LONG) continue;
    const body = await prepare({ m, n, k, transposeA: mode === "TN", transposeB: mode === "NT" });
    if (!body) continue;
    const ms = median(await rounds(body.run, seconds / rows.length, LONG));
    await body.free();
    speed[mode] ??= flop / ms;
    Object.assign(row, { gflops: flop / ms / 1e6 });
  }
  return rows;
}

/** @param {number} seconds @param {() => unknown} advance one training step */
export async function steps(seconds, advance) {
  return { ms: median(await rounds(advance, seconds)) };
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
