import { fileURLToPath } from "node:url";

/** Folders of random tiny models that transformers has saved: see tooling/fixtures/families.py. */
export const fixtures = [
  "gpt2",
  "gpt_neo",
  "llama",
  "llama-dynamic",
  "llama-linear",
  "qwen2",
  "qwen3",
] as const;

const root = new URL("../../../packages/conformance/fixtures/families/", import.meta.url);

export const fixture = (name: string): string => fileURLToPath(new URL(name, root));
