import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../../packages/conformance/fixtures/families/", import.meta.url);

/** Folders of random tiny models that transformers has saved: see tooling/fixtures/families.py. */
export const fixtures: readonly string[] = readdirSync(root);

export const fixture = (name: string): string => fileURLToPath(new URL(name, root));
