// Compiles assembly/index.ts once per variant and writes each as base64 into src/generated/<variant>.ts.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

/** A wider variant is one more line here and one in src/load.ts. Each has a twin for a memory that threads share. */
const variants = { simd: ["simd"], relaxed: ["simd", "relaxed-simd"] };
for (const [name, features] of Object.entries(variants))
  variants[`${name}Shared`] = [...features, "threads"];

await mkdir("src/generated", { recursive: true });
for (const [name, features] of Object.entries(variants)) {
  const args = ["assembly/index.ts", "--outFile", `${name}.wasm`, "--runtime", "stub", "-O3"];
  args.push("--noAssert", "--converge", "--importMemory", "--use", "abort=");
  args.push("--initialMemory", "1", "--maximumMemory", "65536", "--enable", features.join(","));
  if (features.includes("threads")) args.push("--sharedMemory");
  let binary;
  const { error, stderr } = await asc.main(args, {
    writeFile: (file, contents) => {
      if (file.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
  const base64 = Buffer.from(binary).toString("base64");
  await writeFile(`src/generated/${name}.ts`, `export const wasm: string =\n  "${base64}";\n`);
  console.log(`${name}: ${binary.length} bytes`);
}
