import { ask, here } from "./children.mjs";
import { decoding, products, step } from "./contestants.mjs";
import { installPeers } from "./install.mjs";
import { compareProducts } from "./products.mjs";
import { report } from "./report.mjs";
import { interleave, standings } from "./rounds.mjs";
import { milliseconds, rate, standingsTable, threadCount } from "./table.mjs";

/** @typedef {import("./options.mjs").Options} Options */

/**
 * muladd beside others in JavaScript, in one run and with equal threads: tfjs and jax-js have one in Node.
 * @param {Options} options
 */
export async function compare(options) {
  const failed = await installPeers();
  if (failed)
    return console.log(`the peers were not measured: npm could not install them: ${failed}`);
  await report(
    options,
    { title: "its peers in JavaScript", about: {} },
    {
      matmul: () => matmul(options),
      step: () => steps({ ...options, threads: 1 }),
      decode: () => decode(options),
    },
  );
}

/**
 * @param {"tfjs" | "jax" | "onnxruntime"} name of a script
 * @param {string} part
 * @param {Options} options
 * @returns {() => Promise<any>}
 */
const peer =
  (name, part, { seconds, threads }) =>
  () =>
    ask(process.execPath, [`${here}/peers/${name}.mjs`, part, `${seconds}`, `${threads}`]);

/** Says which contestant cannot run here, and why. */
function losses() {
  /** @type {string[]} */
  const lines = [];
  /** @param {string} name @param {unknown} error */
  const lost = (name, error) => {
    const why =
      String(error)
        .match(/^\w*Error: .*$/gm)
        ?.at(-1) ?? String(error);
    lines.push(`${name} is left out: ${why}`);
  };
  return { lines, lost };
}

/** @param {Options} options */
async function matmul(options) {
  const found = [];
  const { lines, lost } = losses();
  for (const threads of new Set([1, options.threads])) {
    const given = { ...options, threads };
    const single = { tfjs: peer("tfjs", "matmul", given), "jax-js": peer("jax", "matmul", given) };
    const contestants = {
      muladd: products(given),
      ...(threads === 1 ? single : {}),
      onnxruntime: peer("onnxruntime", "matmul", given),
    };
    found.push(await compareProducts(contestants, given, lost));
  }
  return {
    data: found.map((f) => f.data),
    text: [...found.map((f) => f.text), ...lines].join("\n\n"),
  };
}

/** A training step of `nanogpt-cpu`. @param {Options} options */
async function steps(options) {
  const { lines, lost } = losses();
  const contestants = {
    muladd: step(options, "nanogpt-cpu"),
    tfjs: peer("tfjs", "step", options),
    "jax-js": peer("jax", "step", options),
  };
  const seen = await interleave(contestants, options.rounds, lost);
  const data = [{ name: "nanogpt-cpu", standings: standings(seen, (s) => s.ms, "less") }];
  const table = standingsTable(`step, ${threadCount(options.threads)}`, data, milliseconds);
  return { data, text: [table, ...lines].join("\n") };
}

/** Writing with a graph of GPT-2 124M's shape. @param {Options} options */
async function decode(options) {
  const { lines, lost } = losses();
  const contestants = {
    muladd: decoding(options),
    onnxruntime: peer("onnxruntime", "decode", options),
  };
  const seen = await interleave(contestants, options.rounds, lost);
  const data = [
    { name: "decode", standings: standings(seen, (s) => s.decode, "more") },
    { name: "prefill", standings: standings(seen, (s) => s.prefill ?? 0, "more") },
  ];
  const table = standingsTable(`GPT-2 124M, tok/s, ${threadCount(options.threads)}`, data, rate);
  return { data, text: [table, ...lines].join("\n") };
}
