import { readFileSync } from "node:fs";
import { reference } from "@muladd/backend-reference";
import { torchCases } from "../src/index.ts";
import { testCases } from "../src/vitest.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const bytes = fixture("fused.safetensors");
const manifest = JSON.parse(fixture("fused.json").toString());

testCases(
  "reference",
  torchCases(() => reference(), bytes, manifest),
);
testCases(
  "reference without fused kernels",
  torchCases(() => reference({ fused: false }), bytes, manifest),
);
testCases(
  "reference in float64",
  torchCases(() => reference({ precision: "f64" }), bytes, manifest),
);
