// Writes packages/tokenizer/src/unicode-16.ts: the general category of every code point, run by run.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generalCategoryRuns } from "../../packages/tokenizer/test/unicode-runs.ts";

const out = fileURLToPath(new URL("../../packages/tokenizer/src/unicode-16.ts", import.meta.url));
writeFileSync(
  out,
  `/** Unicode 16.0's general categories, see unicode.ts. Written by tooling/scripts/unicode.mjs. */
export const GENERAL_CATEGORIES =
  "${await generalCategoryRuns()}";
`,
);
