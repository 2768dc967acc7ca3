// Compiles assembly/index.ts once per variant and writes each as base64 into src/generated/<variant>.ts.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

/** Another variant is one more line here and one in src/load.ts. Each has a twin for a memory that threads share. */
const variants = {
  simd: { features: ["simd"], wide: false },
  relaxed: { features: ["simd", "relaxed-simd"], wide: false },
  wide: { features: ["simd", "relaxed-simd"], wide: true },
};
for (const [name, { features, wide }] of Object.entries(variants))
  variants[`${name}Shared`] = { features: [...features, "threads"], wide };

/** The sources as they lie on disk, but for the one that says which variant this is. */
const reader = (wide) => (file, directory) =>
  file.endsWith("assembly/width.ts")
    ? `export const WIDE: bool = ${wide};\n`
    : readFile(resolve(directory, file), "utf8").catch(() => null);

await mkdir("src/generated", { recursive: true });
for (const [name, { features, wide }] of Object.entries(variants)) {
  const args = ["assembly/index.ts", "--outFile", `${name}.wasm`, "--runtime", "stub", "-O3"];
  args.push("--noAssert", "--converge", "--importMemory", "--use", "abort=");
  args.push("--initialMemory", "1", "--maximumMemory", "65536", "--enable", features.join(","));
  if (features.includes("threads")) args.push("--sharedMemory");
  let binary;
  const { error, stderr } = await asc.main(args, {
    readFile: reader(wide),
    writeFile: (file, contents) => {
      if (file.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
  const base64 = Buffer.from(binary).toString("base64");
  await writeFile(`src/generated/${name}.ts`, `export const wasm: string =\n  "${base64}";\n`);
  console.log(`${name}: ${binary.length} bytes`);
}
