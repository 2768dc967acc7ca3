import { readFileSync } from "node:fs";

// From src/ and from dist/ the package's own file is one level up.
const file = new URL("../package.json", import.meta.url);

/** The version of this program. */
export const version: string = (JSON.parse(readFileSync(file, "utf8")) as { version: string })
  .version;
