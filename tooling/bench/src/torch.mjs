import { ask } from "./children.mjs";
import { decoding, products, step } from "./contestants.mjs";
import { compareProducts } from "./products.mjs";
import { findPython, missingTorch, missingTransformers, script } from "./python.mjs";
import { report } from "./report.mjs";
import { interleave, standings } from "./rounds.mjs";
import { megabytes, milliseconds, rate, standingsTable, threadCount } from "./table.mjs";
import { compareOnGPU } from "./torch-gpu.mjs";

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./python.mjs").Python} Python */

const SUBJECTS = ["nanogpt-cpu", "baby-gpt", "gpt2-124m"];

/**
 * muladd beside PyTorch on the same cores, in one run.
 * @param {Options} options
 */
export async function compare(options) {
  const python = await findPython();
  if (!python) return console.log(missingTorch);
  const { torch, capability } = python;
  if (options.backend === "webgpu") return compareOnGPU(options, python);
  const title = `PyTorch ${torch}, which uses ${capability} by itself`;
  await report(
    options,
    { title, about: { torch, capability } },
    {
      step: () => steps(options, python),
      sgemm: () => sgemm(options, python),
      decode: () => decode(options, python),
      threads: () => threads(options),
    },
  );
}

/**
 * The same measurement of PyTorch as it comes and, where that uses wider vectors than WebAssembly reaches, kept to AVX2.
 * @template T
 * @param {Python} python
 * @param {Options} options
 * @param {readonly string[]} args
 * @param {(answer: any) => T} read
 * @returns {Record<string, () => Promise<T>>} by name
 */
function peers({ program, capability }, { threads, seconds }, args, read) {
  const all = [...args, "--threads", `${threads}`, "--seconds", `${seconds}`];
  /** @param {readonly string[]} more */
  const measure = (more) => async () => read(await ask(program, [...all, ...more]));
  const native = { [`PyTorch ${capability}`]: measure([]) };
  return capability.startsWith("AVX512")
    ? { ...native, "PyTorch AVX2": measure(["--avx2"]) }
    : native;
}

/** @param {Options} options @param {Python} python */
async function steps(options, python) {
  const time = [];
  const memory = [];
  for (const name of SUBJECTS) {
    const args = [script("torch_step.py"), "--config", name];
    const theirs = peers(python, options, args, ({ medianMs, residentBytes }) => ({
      ms: medianMs,
      residentBytes,
    }));
    const seen = await interleave({ muladd: step(options, name), ...theirs }, options.rounds);
    time.push({ name, standings: standings(seen, (s) => s.ms, "less") });
    const { muladd: ours = [], ...others } = seen;
    const processes = standings(
      { "muladd, process": ours, ...others },
      (s) => s.residentBytes ?? 0,
      "less",
    );
    const tensors = standings({ ours }, (s) => s.tensorBytes ?? 0, "less")[0]?.median ?? 0;
    memory.push({
      name: `${name} (${megabytes(tensors)} of tensors)`,
      tensors,
      standings: processes,
    });
  }
  const tables = [
    standingsTable(`step, ${threadCount(options.threads)}`, time, milliseconds),
    standingsTable("peak memory", memory, megabytes),
  ];
  return { data: { time, memory }, text: tables.join("\n\n") };
}

/** One thread, then all that were asked for. @param {Options} options @param {Python} python */
async function sgemm(options, python) {
  const found = [];
  for (const threads of new Set([1, options.threads])) {
    const given = { ...options, threads };
    const theirs = peers(python, given, [script("torch_step.py"), "--sgemm"], (r) => r.matmul);
    found.push(await compareProducts({ muladd: products(given), ...theirs }, given));
  }
  return { data: found.map((f) => f.data), text: found.map((f) => f.text).join("\n\n") };
}

/** @param {Options} options @param {Python} python */
async function decode(options, python) {
  if (!python.transformers) return { text: `decode: ${missingTransformers}` };
  const theirs = peers(python, options, [script("torch_decode.py")], (r) => r);
  const seen = await interleave({ muladd: decoding(options), ...theirs }, options.rounds);
  const data = [
    { name: "decode", standings: standings(seen, (s) => s.decode, "more") },
    { name: "prefill", standings: standings(seen, (s) => s.prefill ?? 0, "more") },
  ];
  const title = `GPT-2 124M, transformers, tok/s, ${threadCount(options.threads)}`;
  return { data, text: standingsTable(title, data, rate) };
}

/** What two threads gain over one. @param {Options} options */
async function threads(options) {
  /** @param {number} threads */
  const on = (threads) => step({ ...options, threads }, "baby-gpt");
  const seen = await interleave({ "2 threads": on(2), "1 thread": on(1) }, options.rounds);
  const data = [{ name: "baby-gpt", standings: standings(seen, (s) => s.ms, "less") }];
  return { data, text: standingsTable("two threads over one", data, milliseconds) };
}
