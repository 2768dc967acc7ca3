// Every check of the repository, in order. The last line reads "N passed, N failed": the tests of
// all vitest runs, plus one failure for each other step that fails and for each skipped test.
import { spawnSync } from "node:child_process";
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
 * Runs a Node program of the repository and streams what it prints.
 * @param {string} title
 * @param {string[]} command path from the root, then arguments
 * @param {string} [node] the Node that runs it
 * @returns {boolean} whether it exited with 0
 */
function run(title, [program = "", ...args], node = process.execPath) {
  console.log(`\n── ${title}`);
  const start = performance.now();
  const { status } = spawnSync(node, [join(root, program), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  console.log(`── ${title}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return status === 0;
}

/** @param {string} title @param {string[]} command */
function check(title, command) {
  if (!run(title, command)) fail(title);
}

/** @param {string} title @param {string[]} args @param {string} [node] */
function vitest(title, args, node) {
  const file = join(reports, `${title.replaceAll(" ", "-")}.json`);
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const ok = run(title, ["node_modules/vitest/vitest.mjs", "run", ...args, ...report], node);
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

check("build and types", [
  "tooling/scripts/turbo.mjs",
  "run",
  "build",
  "typecheck",
  "--continue",
  "--output-logs=errors-only",
]);
check("budgets of the web app", ["apps/web/scripts/budget.mjs"]);
check("lint", ["node_modules/@biomejs/biome/bin/biome", "ci", "."]);
vitest("tests", []);

// Node 20 and 22 can neither widen the wide variant nor address more than 4 GiB. Asked for, since it may be a download.
if (process.env.MULADD_REQUIRE_NODE24 && Number.parseInt(process.versions.node, 10) < 24) {
  const { node, missing } = findNode24();
  process.env.MULADD_VARIANT = "wide"; // the others are the same modules there
  if (node) vitest("tests on Node 24", ["--project", "backend-wasm"], node);
  else fail(`tests on Node 24: ${missing}`);
}

let chromium;
try {
  chromium = findChromium();
  if (chromium) {
    vitest("browser tests", ["--config", "vitest.browser.config.ts"]);
    const config = ["--root", "apps/web", "--config", "vitest.e2e.config.ts"];
    vitest("web app in a browser", config);
  } else if (process.env.MULADD_REQUIRE_CHROMIUM) fail(`browser tests: ${missingChromium}`);
  else console.log(`\nBrowser tests were not run: ${missingChromium}.`);
} catch (error) {
  fail(`browser tests: ${error instanceof Error ? error.message : error}`);
}

rmSync(reports, { recursive: true, force: true });
console.log();
for (const problem of problems) console.log(`✗ ${problem}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
