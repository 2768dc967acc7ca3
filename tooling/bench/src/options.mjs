import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

/**
 * @typedef {object} Options
 * @property {readonly string[]} parts what to compare
 * @property {number} rounds each runs every contestant once, in a process of its own
 * @property {number} seconds of each measurement, warm-up not counted
 * @property {number} threads
 * @property {"wasm" | "webgpu"} backend of muladd
 * @property {boolean} wide whether muladd may ask V8 for experimental SIMD
 * @property {boolean} json
 */

/** What can be compared, and the parts of each. */
export const parts = Object.freeze({
  torch: ["step", "sgemm", "decode", "threads"],
  peers: ["matmul", "step", "decode"],
  browser: ["matmul", "step"],
});

/** @param {string} name */
const partsOf = (name) => parts[/** @type {keyof typeof parts} */ (name)] ?? [];

/** @param {string} name of a comparison */
export const usage = (name) => `pnpm bench ${name} [${partsOf(name).join("|")} ...]

  --rounds <n>   rounds, each with every contestant in a process of its own (3)
  --seconds <n>  of each measurement, warm-up not counted (4)
  --threads <n>  threads of all contestants (${availableParallelism()}, the cores)
  --backend <b>  torch: wasm, beside PyTorch on the same cores, or webgpu, beside PyTorch on the GPU (wasm)
  --no-wide      ask V8 for no experimental SIMD
  --json         the result as JSON on stdout`;

/**
 * Arguments of a comparison. Throws TypeError and RangeError for what cannot be.
 * @param {string} name
 * @param {string[]} args
 * @returns {Options | "help"}
 */
export function parse(name, args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      threads: { type: "string", default: String(availableParallelism()) },
      backend: { type: "string", default: "wasm" },
      "no-wide": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { backend } = values;
  if (backend !== "wasm" && (backend !== "webgpu" || name !== "torch"))
    throw new RangeError(
      `--backend ${backend} is not possible; ${name} has wasm${name === "torch" ? " and webgpu" : ""}`,
    );
  const known = partsOf(name);
  for (const part of positionals)
    if (!known.includes(part))
      throw new RangeError(`${name} has no part ${part}; it has ${known.join(", ")}`);
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds < Infinity))
    throw new RangeError(`--seconds ${values.seconds} is not possible; it must be above 0`);
  return {
    parts: positionals.length ? positionals : known,
    rounds: count("rounds", values.rounds),
    seconds,
    threads: count("threads", values.threads),
    backend,
    wide: !values["no-wide"],
    json: values.json,
  };
}

/** @param {string} name @param {string} text */
function count(name, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name} ${text} is not possible; it is a whole number, 1 at least`);
  return value;
}
