import { existsSync } from "node:fs";
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
 * @property {string} encoding tokenizer
 * @property {string | undefined} text tokenizer: a file to encode
 * @property {string | undefined} trainText tokenizer: a large file to train on
 */

/** What can be compared, and the parts of each. */
export const parts = Object.freeze({
  torch: ["step", "sgemm", "decode", "threads"],
  peers: ["matmul", "step", "decode"],
  browser: ["matmul", "step"],
  load: ["gpt2"],
  tokenizer: ["encode", "train"],
});

const encodings = ["r50k_base", "cl100k_base", "o200k_base"];

/** @param {string} name */
const partsOf = (name) => parts[/** @type {keyof typeof parts} */ (name)] ?? [];

/** @param {string} name of a comparison */
export const usage = (name) => `pnpm bench ${name} [${partsOf(name).join("|")} ...]

  --rounds <n>   rounds, each with every contestant in a process of its own (3)
  --seconds <n>  of each measurement, warm-up not counted (4)
  --threads <n>  threads of all contestants (${availableParallelism()}, the cores)
  --backend <b>  torch: wasm, beside PyTorch on the same cores, or webgpu, beside PyTorch on the GPU (wasm)
  --no-wide      ask V8 for no experimental SIMD
  --encoding <e> tokenizer: ${encodings.join(", ")} (cl100k_base)
  --text <f>     tokenizer: a file to encode (tinyshakespeare where it is at hand, else made)
  --train-text <f>  tokenizer: a large file to train on (50 MB, made)
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
      seconds: { type: "string", default: name === "tokenizer" ? "0.5" : "4" },
      threads: { type: "string", default: String(availableParallelism()) },
      backend: { type: "string", default: "wasm" },
      "no-wide": { type: "boolean", default: false },
      encoding: { type: "string", default: "cl100k_base" },
      text: { type: "string" },
      "train-text": { type: "string" },
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
  const encoding = encodings.find((one) => one.split("_")[0] === values.encoding.split("_")[0]);
  if (encoding === undefined)
    throw new RangeError(
      `--encoding ${values.encoding} is not possible; it is one of ${encodings.join(", ")}`,
    );
  for (const flag of /** @type {const} */ (["text", "train-text"]))
    if (values[flag] !== undefined && (name !== "tokenizer" || !existsSync(values[flag])))
      throw new RangeError(
        `--${flag} ${values[flag]} is not possible; ${name === "tokenizer" ? "there is no such file" : "it is for tokenizer"}`,
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
    encoding,
    text: values.text,
    trainText: values["train-text"],
  };
}

/** @param {string} name @param {string} text */
function count(name, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name} ${text} is not possible; it is a whole number, 1 at least`);
  return value;
}
