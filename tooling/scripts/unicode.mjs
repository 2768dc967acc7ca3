// Writes packages/tokenizer/src/unicode-16.ts, unicode-kinds.ts and pattern/scripts-16.ts: the general category of every
// code point, run by run, what the scanners tell apart of it, and some scripts.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  generalCategoryRuns,
  kindRuns,
  scriptRuns,
} from "../../packages/tokenizer/test/unicode-runs.ts";

const source = (name) =>
  fileURLToPath(new URL(`../../packages/tokenizer/src/${name}`, import.meta.url));
writeFileSync(
  source("unicode-16.ts"),
  `/** Unicode 16.0's general categories, see unicode.ts. Written by tooling/scripts/unicode.mjs. */
export const GENERAL_CATEGORIES =
  "${await generalCategoryRuns()}";
`,
);

writeFileSync(
  source("unicode-kinds.ts"),
  `/** Letters of the kinds: other, upper or title case, lower case, letters without case, marks, numbers. */
export const KIND_LETTERS = "ABCDEF";

/** The kind of every code point of Unicode 16.0, see runs.ts. Written by tooling/scripts/unicode.mjs. */
export const CHARACTER_KINDS =
  "${await kindRuns()}";
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
