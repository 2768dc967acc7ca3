import { readFileSync } from "node:fs";
import { torchCases } from "@muladd/conformance";
import { testBackend, testCases } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";

testBackend("wasm", () => wasm());

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const manifest = JSON.parse(fixture("fused.json").toString());
testCases(
  "wasm",
  torchCases(() => wasm(), fixture("fused.safetensors"), manifest),
);
