// Compiles assembly/index.ts once per variant and writes each as base64 into src/generated/<variant>.ts.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import asc from "assemblyscript/asc";
import { Memory64 } from "./memory64.mjs";

/** Another variant is one more line here and one in src/load.ts. */
const variants = {
  simd: { features: ["simd"], wide: false },
  relaxed: { features: ["simd", "relaxed-simd"], wide: false },
  wide: { features: ["simd", "relaxed-simd"], wide: true },
};
/**
 * Each for a memory of its own and one that threads share; and again for addresses of 64 bits, but for wide, since V8 makes no
 * 256-bit code where they have 64.
 */
const modules = Object.entries(variants).flatMap(([variant, { features, wide }]) =>
  (wide ? [""] : ["", "64"]).flatMap((bits) =>
    ["", "Shared"].map((shared) => ({
      name: variant + bits + shared,
      features,
      wide,
      bits,
      shared,
    })),
  ),
);

/** The sources as they lie on disk, but for the one that says which variant this is. */
const reader = (wide) => (file, directory) =>
  file.endsWith("assembly/width.ts")
    ? `export const WIDE: bool = ${wide};\n`
    : readFile(resolve(directory, file), "utf8").catch(() => null);

async function compile({ name, features, wide, bits, shared }) {
  const enabled = [...features];
  const args = ["assembly/index.ts", "--outFile", `${name}.wasm`, "--runtime", "stub", "-O3"];
  args.push("--noAssert", "--converge", "--importMemory", "--use", "abort=");
  args.push("--initialMemory", "1", "--maximumMemory", "65536");
  if (bits) enabled.push("memory64");
  if (shared) {
    enabled.push("threads");
    args.push("--sharedMemory");
  }
  args.push("--enable", enabled.join(","));
  let binary;
  const { error, stderr } = await asc.main(args, {
    readFile: reader(wide),
    writeFile: (file, contents) => {
      if (file.endsWith(".wasm")) binary = contents;
    },
    transforms: bits ? [Memory64] : [],
  });
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
  const base64 = Buffer.from(binary).toString("base64");
  await writeFile(`src/generated/${name}.ts`, `export const wasm: string =\n  "${base64}";\n`);
  console.log(`${name}: ${binary.length} bytes`);
}

if (isMainThread) {
  process.chdir(fileURLToPath(new URL("..", import.meta.url)));
  await mkdir("src/generated", { recursive: true });
  // A process may not change directory in a worker, so it does before. Each worker takes every n-th module.
  const workers = Math.min(availableParallelism(), modules.length);
  for (let first = 0; first < workers; first++)
    new Worker(new URL(import.meta.url), { workerData: { first, step: workers } }).on(
      "error",
      (error) => {
        throw error;
      },
    );
} else {
  const { first, step } = workerData;
  for (let i = first; i < modules.length; i += step) await compile(modules[i]);
}
