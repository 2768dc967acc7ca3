import { readFileSync } from "node:fs";
import { torchCases, torchModelCases } from "@muladd/conformance";
import { testCases } from "@muladd/conformance/vitest";
import { onShared } from "./harness.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

for (const serial of [true, false]) {
  const make = () => onShared({ serial });
  const title = `webgpu ${serial ? "without" : "with"} barriers`;
  testCases(title, torchCases(make, fixture("fused.safetensors"), json("fused.json")));
  for (const model of ["gpt2-tiny", "nanogpt-tiny"] as const)
    testCases(
      title,
      torchModelCases(make, model, fixture(`${model}.safetensors`), json(`${model}.json`)),
    );
}
