import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "muladd-exit-"));
const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));
const conditions = ["@muladd/source", "node"];

/** A program of its own: a thread of the test runner has an end that others decide. */
const program = `
import { wasm } from "./index.js";
const backend = await wasm({ threads: 3 });
const n = 1 << 20;
const x = { buffer: backend.alloc(n, "f32"), shape: [n], dtype: "f32" };
backend.kernels.fill(x, 0.5, 0);
if (process.argv[2] === "started") await backend.startThreads();
for (let i = 0; i < 20; i++) backend.kernels.gelu(x, undefined, x);
console.log("threads", backend.threads);
if (process.argv[2] === "disposed") backend[Symbol.dispose]();
`;

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: { ssr: entry, outDir: directory, emptyOutDir: false, target: "es2022" },
  });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  writeFileSync(join(directory, "program.js"), program);
}, 60_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it.each(["started", "starting", "disposed"])(
  "a process with a backend %s ends by itself",
  async (how) => {
    const file = join(directory, "program.js");
    const run = promisify(execFile)(process.execPath, [file, how], { timeout: 30_000 });
    // A process that the limit kills rejects.
    expect((await run).stdout).toBe("threads 3\n");
  },
  40_000,
);
