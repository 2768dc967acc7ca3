import { ask, CLI } from "./children.mjs";
import { compareProducts } from "./products.mjs";
import { missingTransformers, script } from "./python.mjs";
import { report } from "./report.mjs";
import { interleave, standings } from "./rounds.mjs";
import { milliseconds, rate, standingsTable } from "./table.mjs";

/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./python.mjs").Python} Python */

/** Trainings at the sizes of GPUs. */
const SUBJECTS = [
  { name: "baby-gpt", sizes: ["--batch", "64"] },
  { name: "gpt2-124m", sizes: ["--batch", "4", "--context", "1024"] },
];
const CUBES = [1024, 2048, 4096];

/**
 * muladd on webgpu beside PyTorch on CUDA: the same GPU, as far as both are shown one.
 * @param {Options} options
 * @param {Python} python
 */
export async function compareOnGPU(options, python) {
  const { torch, cuda, program } = python;
  if (!cuda)
    return console.log(
      `PyTorch ${torch} sees no GPU: a build with CUDA and an NVIDIA GPU are needed; muladd alone: pnpm bench step --backend webgpu`,
    );
  const seconds = ["--seconds", `${options.seconds}`];
  /** @param {readonly string[]} args */
  const ours = (args) =>
    ask(process.execPath, [
      CLI,
      "bench",
      ...args,
      "--backend",
      "webgpu",
      "--json",
      "-q",
      ...seconds,
    ]);
  /** @param {string} file @param {readonly string[]} args */
  const theirs = (file, args) =>
    ask(program, [script(file), ...args, "--device", "cuda", ...seconds]);

  const step = async () => {
    const time = [];
    for (const { name, sizes } of SUBJECTS) {
      const seen = await interleave(
        {
          muladd: async () => (await ours(["step", "--preset", name, ...sizes])).step.timing.median,
          PyTorch: async () =>
            (await theirs("torch_step.py", ["--config", name, ...sizes])).medianMs,
        },
        options.rounds,
      );
      time.push({
        name: [name, ...sizes].join(" "),
        standings: standings(seen, (ms) => ms, "less"),
      });
    }
    return { data: time, text: standingsTable("step", time, milliseconds) };
  };
  const sgemm = () => {
    /** @param {{ m: number, n: number, k: number }} p */
    const isCube = ({ m, n, k }) => m === n && n === k && CUBES.includes(m);
    const cubes = ["--sgemm", "--cubes", ...CUBES.map(String)];
    return compareProducts(
      {
        muladd: async () => (await ours(["matmul"])).matmul.filter(isCube),
        PyTorch: async () => (await theirs("torch_step.py", cubes)).matmul,
      },
      options,
    );
  };
  const decode = async () => {
    if (!python.transformers) return { text: `decode: ${missingTransformers}` };
    const seen = await interleave(
      {
        muladd: async () => (await ours(["generate", "--preset", "gpt2"])).generate[0].decode,
        PyTorch: async () => (await theirs("torch_decode.py", [])).decode,
      },
      options.rounds,
    );
    const data = [{ name: "decode", standings: standings(seen, (speed) => speed, "more") }];
    return { data, text: standingsTable("GPT-2 124M, transformers, tok/s", data, rate) };
  };
  const threads = async () => ({ text: "threads: not of webgpu" });
  const title = `PyTorch ${torch} on ${cuda}`;
  await report(options, { title, about: { torch, cuda } }, { step, sgemm, decode, threads });
}
