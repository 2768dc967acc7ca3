import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  familyCases,
  familyModels,
  torchCases,
  torchModelCases,
  torchModels,
} from "@muladd/conformance";
import { testBackend, testCases } from "@muladd/conformance/vitest";
import { wasm } from "../src/index.ts";
import { open } from "../src/wasm.ts";
import { SHARE_ALL, tested } from "./harness.ts";
import { recycled } from "./recycled.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const folder = (name: string) =>
  fileURLToPath(new URL(`../../conformance/fixtures/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(fixture(name).toString());

for (const variant of tested) {
  testBackend(`wasm ${variant} on one thread`, () => wasm({ variant, threads: 1 }));
  // How work is cut among threads does not depend on the variant; stress compares the bits of all.
  for (const threads of { simd: [], relaxed: [5], wide: [2] }[variant])
    testBackend(`wasm ${variant} on ${threads} threads, all shared`, async () => {
      const backend = await open({ variant, threads }, { ...SHARE_ALL, spawn: recycled });
      await backend.startThreads();
      return backend;
    });

  const make = () => wasm({ variant });
  testCases(`wasm ${variant}`, torchCases(make, fixture("fused.safetensors"), json("fused.json")));
  for (const model of torchModels)
    testCases(
      `wasm ${variant}`,
      torchModelCases(make, model, fixture(`${model}.safetensors`), json(`${model}.json`)),
    );
  for (const model of familyModels) {
    const expected = json(`families/${model}/expected.json`);
    testCases(`wasm ${variant}`, familyCases(make, model, folder(`families/${model}`), expected));
  }
}
