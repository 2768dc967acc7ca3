import { stress } from "@muladd/conformance";
import { expect, it } from "vitest";
import type { WasmBackend } from "../src/index.ts";
import { open } from "../src/wasm.ts";
import { SHARE_ALL, tested } from "./harness.ts";
import { recycled } from "./recycled.ts";

/** MULADD_STRESS_SEED=7 tries other shapes. */
const seed = Number(process.env.MULADD_STRESS_SEED ?? 1);
const CASES = 4_000;

it(`4,000 random shapes: every variant as the float64 oracle, on 1, 2 and 5 threads the same bits (seed ${seed})`, async () => {
  const groups: Record<string, WasmBackend>[] = [];
  try {
    for (const variant of tested) {
      const twins: Record<string, WasmBackend> = {};
      groups.push(twins);
      for (const threads of [1, 2, 5]) {
        const backend = await open({ variant, threads }, { ...SHARE_ALL, spawn: recycled });
        twins[`${variant} on ${threads} threads`] = backend;
        await backend.startThreads();
      }
    }
    await stress(groups, { seed, cases: CASES });
    for (const backend of groups.flatMap(Object.values)) expect(backend.memory.buffers).toBe(0);
  } finally {
    for (const backend of groups.flatMap(Object.values)) backend[Symbol.dispose]();
  }
}, 300_000);
