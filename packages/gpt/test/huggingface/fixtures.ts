import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reference } from "@muladd/backend-reference";
import { nodeFiles } from "@muladd/checkpoint";
import { afterAll } from "vitest";
import { loadGPT, openPretrained, type Pretrained } from "../../src/huggingface/index.ts";

const root = new URL("../../../conformance/fixtures/families/", import.meta.url);

/** Folders that transformers has saved: see tooling/fixtures/families.py. Conformance compares their numbers. */
export const names = readdirSync(root);

export const folder = (name: string) => nodeFiles(fileURLToPath(new URL(name, root)));

export const text = (name: string, path: string) =>
  readFileSync(new URL(`${name}/${path}`, root), "utf8");

export const json = (name: string, path = "config.json"): Record<string, unknown> =>
  JSON.parse(text(name, path));

export const backend = reference();
const open: Pretrained[] = [];
afterAll(async () => {
  backend[Symbol.dispose]();
  for (const one of open) await one.close();
});

/** A folder of the fixtures, open until the end. */
export async function opened(name: string): Promise<Pretrained> {
  const pretrained = await openPretrained(folder(name));
  open.push(pretrained);
  return pretrained;
}

/** A model of the fixtures, on {@link backend}. */
export async function load(name: string) {
  const pretrained = await opened(name);
  return { ...pretrained, model: await loadGPT(backend, pretrained) };
}
