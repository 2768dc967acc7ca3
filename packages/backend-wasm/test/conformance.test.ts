import { readFileSync } from "node:fs";
import { torchCases } from "@muladd/conformance";
import { testBackend, testCases } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";
import { variants } from "./harness.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const manifest = JSON.parse(fixture("fused.json").toString());
for (const variant of variants) {
  const make = () => wasm({ variant });
  testBackend(`wasm ${variant}`, make);
  testCases(`wasm ${variant}`, torchCases(make, fixture("fused.safetensors"), manifest));
}
