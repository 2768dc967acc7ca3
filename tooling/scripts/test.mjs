// Every check of the repository, in order. The last line reads "N passed, N failed": the tests of
// all vitest runs, plus one failure for each other step that fails and for each skipped test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findChromium, missingChromium } from "./chromium.mjs";
import { findNode24 } from "./node24.mjs";

const root = resolve(import.meta.dirname, "../..");
const reports = mkdtempSync(join(tmpdir(), "muladd-test-"));
let passed = 0;
let failed = 0;
/** @type {string[]} */
const problems = [];

/** @param {string} problem @param {number} count */
function fail(problem, count = 1) {
  failed += count;
  problems.push(problem);
}

/**
 * @typedef {object} Options
 * @property {string} [node] the Node that runs it
 * @property {boolean} [beside] another runs at the same time: what this one prints is shown when it ends
 */

/**
 * Runs a Node program of the repository and streams what it prints.
 * @param {string} title
 * @param {string[]} command path from the root, then arguments
 * @param {Options} [options]
 * @returns {Promise<boolean>} whether it exited with 0
 */
async function run(title, [program = "", ...args], { node = process.execPath, beside } = {}) {
  const start = performance.now();
  if (!beside) console.log(`\n── ${title}`);
  const child = spawn(node, [join(root, program), ...args], {
    cwd: root,
    stdio: ["inherit", beside ? "pipe" : "inherit", beside ? "pipe" : "inherit"],
  });
  /** @type {Buffer[]} */
  const printed = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => printed.push(chunk));
  const [status] = await once(child, "close");
  if (beside) {
    console.log(`\n── ${title}`);
    process.stdout.write(Buffer.concat(printed));
  }
  console.log(`── ${title}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return status === 0;
}

/** @param {string} title @param {string[]} command */
async function check(title, command) {
  if (!(await run(title, command))) fail(title);
}

/** @param {string} title @param {string[]} args @param {Options} [options] */
async function vitest(title, args, options) {
  const file = join(reports, `${title.replaceAll(" ", "-")}.json`);
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const ok = await run(
    title,
    ["node_modules/vitest/vitest.mjs", "run", ...args, ...report],
    options,
  );
  if (!existsSync(file)) return fail(`${title}: no report`);

  const counts = JSON.parse(readFileSync(file, "utf8"));
  const skipped = counts.numPendingTests + counts.numTodoTests;
  // A file that does not load has no tests to count.
  const broken = counts.testResults.filter(
    (/** @type {{ status: string, assertionResults: { status: string }[] }} */ result) =>
      result.status === "failed" &&
      result.assertionResults.every(({ status }) => status !== "failed"),
  ).length;
  passed += counts.numPassedTests;
  if (counts.numFailedTests > 0) fail(`${title}: tests failed`, counts.numFailedTests);
  if (broken > 0) fail(`${title}: files failed outside their tests`, broken);
  if (skipped > 0) fail(`${title}: ${skipped} skipped, and nothing may be skipped`, skipped);
  // Unhandled errors, or no test files at all.
  if (!ok && counts.numFailedTests + broken === 0) fail(`${title}: vitest failed`);
}

await check("build and types", [
  "tooling/scripts/turbo.mjs",
  "run",
  "build",
  "typecheck",
  "--continue",
  "--output-logs=errors-only",
]);
await check("budgets of the web app", ["apps/web/scripts/budget.mjs"]);
await check("lint", ["node_modules/@biomejs/biome/bin/biome", "ci", "."]);
await vitest("tests", ["--project", "!backend-webgpu"]);

// Node 20 and 22 can neither widen the wide variant nor address more than 4 GiB. Asked for, since it may be a download.
if (process.env.MULADD_REQUIRE_NODE24 && Number.parseInt(process.versions.node, 10) < 24) {
  const { node, missing } = findNode24();
  process.env.MULADD_VARIANT = "wide"; // the others are the same modules there
  if (node) await vitest("tests on Node 24", ["--project", "backend-wasm"], { node });
  else fail(`tests on Node 24: ${missing}`);
}

const webgpu = ["--project", "backend-webgpu"];
let chromium;
try {
  chromium = findChromium();
} catch (error) {
  fail(`browser tests: ${error instanceof Error ? error.message : error}`);
}
if (chromium) {
  // A software adapter compiles kernels on one core, here and in the browser.
  await Promise.all([
    vitest("tests of WebGPU", webgpu),
    vitest("browser tests", ["--config", "vitest.browser.config.ts"], { beside: true }),
  ]);
  const config = ["--root", "apps/web", "--config", "vitest.e2e.config.ts"];
  await vitest("web app in a browser", config);
} else {
  await vitest("tests of WebGPU", webgpu);
  if (process.env.MULADD_REQUIRE_CHROMIUM) fail(`browser tests: ${missingChromium}`);
  else console.log(`\nBrowser tests were not run: ${missingChromium}.`);
}

rmSync(reports, { recursive: true, force: true });
console.log();
for (const problem of problems) console.log(`✗ ${problem}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
