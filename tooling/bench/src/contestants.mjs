import { ask, CLI } from "./children.mjs";

/**
 * @typedef {import("./options.mjs").Options} Options
 * @typedef {{ ms: number, residentBytes?: number, tensorBytes?: number }} Step
 * @typedef {{ decode: number, prefill?: number }} Decoding tokens/s
 * @typedef {{ m: number, n: number, k: number, mode: string, gflops?: number }} Product
 */

/**
 * A measurement of muladd on the Node that runs this.
 * @param {string} part of `muladd bench`
 * @param {Pick<Options, "seconds" | "threads" | "wide">} options
 * @param {string} [preset]
 */
export function bench(part, { seconds, threads, wide }, preset) {
  const args = [CLI, "bench", part, "--json", "--quiet", "--seconds", `${seconds}`];
  args.push("--backend", "wasm", "--threads", `${threads}`);
  if (preset !== undefined) args.push("--preset", preset);
  if (!wide) args.push("--no-wide");
  return ask(process.execPath, args);
}

/** @param {Options} options @param {string} preset @returns {() => Promise<Step>} */
export const step = (options, preset) => async () => {
  const { step, residentBytes } = await bench("step", options, preset);
  return { ms: step.timing.median, tensorBytes: step.peakBytes, residentBytes };
};

/** @param {Options} options @returns {() => Promise<Product[]>} */
export const products = (options) => async () => (await bench("matmul", options)).matmul;

/** Of GPT-2 124M. @param {Options} options @returns {() => Promise<Decoding>} */
export const decoding = (options) => async () =>
  (await bench("generate", options, "gpt2")).generate[0];
