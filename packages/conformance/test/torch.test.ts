import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reference } from "@muladd/backend-reference";
import {
  familyCases,
  familyModels,
  torchCases,
  torchModelCases,
  torchModels,
} from "../src/index.ts";
import { testCases } from "../src/vitest.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const folder = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

for (const [name, create] of [
  ["reference", () => reference()],
  ["reference without fused kernels", () => reference({ fused: false })],
  ["reference in float64", () => reference({ precision: "f64" })],
] as const) {
  testCases(name, torchCases(create, fixture("fused.safetensors"), json("fused.json")));
  for (const model of torchModels)
    testCases(
      name,
      torchModelCases(create, model, fixture(`${model}.safetensors`), json(`${model}.json`)),
    );
  for (const model of familyModels) {
    const expected = json(`families/${model}/expected.json`);
    testCases(name, familyCases(create, model, folder(`families/${model}`), expected));
  }
}
