import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  familyCases,
  familyModels,
  torchCases,
  torchModelCases,
  torchModels,
} from "@muladd/conformance";
import { testCases } from "@muladd/conformance/vitest";
import { onShared } from "./harness.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const folder = (name: string) =>
  fileURLToPath(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

for (const serial of [true, false]) {
  const make = () => onShared({ serial });
  const title = `webgpu ${serial ? "without" : "with"} barriers`;
  testCases(title, torchCases(make, fixture("fused.safetensors"), json("fused.json")));
  for (const model of torchModels)
    testCases(
      title,
      torchModelCases(make, model, fixture(`${model}.safetensors`), json(`${model}.json`)),
    );
  for (const model of familyModels) {
    const expected = json(`families/${model}/expected.json`);
    testCases(title, familyCases(make, model, folder(`families/${model}`), expected));
  }
}
