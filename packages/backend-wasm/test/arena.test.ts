import { backendCases } from "@muladd/conformance";
import { Rng } from "@muladd/tensor";
import { afterEach, expect, it, vi } from "vitest";
import { wasm } from "../src/index.ts";
import { createMemory } from "../src/linear.ts";
import { WasmMemory } from "../src/memory.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("a training step of a GPT finds the addresses of the step before", async () => {
  const steps: number[][] = [[]];
  const { alloc, read } = WasmMemory.prototype;
  vi.spyOn(WasmMemory.prototype, "alloc").mockImplementation(function (this: WasmMemory, ...args) {
    const id = alloc.apply(this, args);
    steps.at(-1)!.push(this.address(id));
    return id;
  });
  // A step ends where its loss is read.
  vi.spyOn(WasmMemory.prototype, "read").mockImplementation(function (this: WasmMemory, id) {
    steps.push([]);
    return read.call(this, id);
  });
  const cases = [...backendCases(() => wasm({ variant: "simd", threads: 1 }))];
  await cases.find(({ name }) => name === "model: 10 losses of a tiny GPT")!.run();
  // The first step makes the optimizer's moments; what follows the last is no step.
  const [, second, ...more] = steps.slice(0, 10);
  expect(second!.length).toBeGreaterThan(50);
  expect(more.length).toBe(8);
  for (const step of more) expect(step).toEqual(second);
});

it("50 steps of one shape take no more than the first, whatever the sizes in it", () => {
  const memory = new WasmMemory("wasm", 2 ** 32, createMemory());
  const step = () => {
    const rng = new Rng(5, "arena");
    const live: number[] = [];
    for (let i = 0; i < 400; i++) {
      const size = rng.integer(8) ? rng.integer(300) : rng.integer(60_000);
      live.push(memory.alloc(size, "f32"));
      if (rng.integer(5) < 2) memory.free(live.splice(rng.integer(live.length), 1)[0]!);
    }
    for (const id of live) memory.free(id);
  };
  step();
  const { peakBytes } = memory.use;
  const held = memory.wasm.buffer.byteLength;
  for (let i = 1; i < 50; i++) step();
  expect(memory.use).toEqual({ buffers: 0, bytes: 0, peakBytes });
  expect(memory.wasm.buffer.byteLength).toBe(held);
});

it("buffers of mixed sizes that come and go leave gaps of at most half of what is live", () => {
  const memory = new WasmMemory("wasm", 2 ** 32, createMemory());
  const rng = new Rng(9, "arena");
  const live: { id: number; size: number }[] = [];
  const LIVE = 4_000_000;
  let held = 0;
  let top = 0;
  for (let i = 0; i < 20_000; i++) {
    const size = rng.integer(10) ? rng.integer(2000) : rng.integer(100_000);
    while (held + size > LIVE) {
      const [gone] = live.splice(rng.integer(live.length), 1);
      memory.free(gone!.id);
      held -= gone!.size;
    }
    const id = memory.alloc(size, "f32");
    live.push({ id, size });
    held += size;
    top = Math.max(top, memory.address(id) + 4 * size);
  }
  expect(top).toBeLessThan(1.5 * 4 * LIVE);
});
