// Writes packages/tokenizer/src/unicode-16.ts and pattern/scripts-16.ts: the general category of every code point, run by
// run, and some scripts.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generalCategoryRuns, scriptRuns } from "../../packages/tokenizer/test/unicode-runs.ts";

const source = (name) =>
  fileURLToPath(new URL(`../../packages/tokenizer/src/${name}`, import.meta.url));
writeFileSync(
  source("unicode-16.ts"),
  `/** Unicode 16.0's general categories, see unicode.ts. Written by tooling/scripts/unicode.mjs. */
export const GENERAL_CATEGORIES =
  "${await generalCategoryRuns()}";
`,
);

const scripts = (await scriptRuns()).map(([name, runs]) => `  ${name}:\n    "${runs}",\n`).join("");
writeFileSync(
  source("pattern/scripts-16.ts"),
  `/** Scripts of Unicode 16.0, see properties.ts. Written by tooling/scripts/unicode.mjs. */
export const SCRIPTS: Readonly<Record<string, string>> = {
${scripts}};
`,
);
