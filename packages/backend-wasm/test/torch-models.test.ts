import { readFileSync } from "node:fs";
import { torchModelCases } from "@muladd/conformance";
import { testCases } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));

for (const model of ["gpt2-tiny", "nanogpt-tiny"] as const)
  testCases(
    "wasm",
    torchModelCases(
      () => wasm(),
      model,
      fixture(`${model}.safetensors`),
      JSON.parse(fixture(`${model}.json`).toString()),
    ),
  );
