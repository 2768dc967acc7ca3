import { readFileSync } from "node:fs";
import { reference } from "@muladd/backend-reference";
import { torchCases, torchModelCases } from "../src/index.ts";
import { testCases } from "../src/vitest.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

for (const [name, create] of [
  ["reference", () => reference()],
  ["reference without fused kernels", () => reference({ fused: false })],
  ["reference in float64", () => reference({ precision: "f64" })],
] as const) {
  testCases(name, torchCases(create, fixture("fused.safetensors"), json("fused.json")));
  for (const model of ["gpt2-tiny", "nanogpt-tiny"] as const)
    testCases(
      name,
      torchModelCases(create, model, fixture(`${model}.safetensors`), json(`${model}.json`)),
    );
}
