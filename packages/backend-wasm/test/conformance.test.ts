import { readFileSync } from "node:fs";
import { torchCases } from "@muladd/conformance";
import { testBackend, testCases } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";
import { open } from "../src/wasm.ts";
import { SHARE_ALL } from "./harness.ts";
import { recycled } from "./recycled.ts";

testBackend("wasm", () => wasm());
testBackend("wasm on one thread", () => wasm({ threads: 1 }));
for (const threads of [2, 5])
  testBackend(`wasm on ${threads} threads, all shared`, async () => {
    const backend = await open({ threads }, { ...SHARE_ALL, spawn: recycled });
    await backend.startThreads();
    return backend;
  });

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const manifest = JSON.parse(fixture("fused.json").toString());
testCases(
  "wasm",
  torchCases(() => wasm(), fixture("fused.safetensors"), manifest),
);
