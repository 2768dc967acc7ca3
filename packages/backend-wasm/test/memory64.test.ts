import { testBackend } from "@muladd/conformance/vitest";
import { BackendUnavailable, OutOfMemoryError } from "@muladd/tensor";
import { describe, expect, it, vi } from "vitest";
import { Arena } from "../src/arena.ts";
import { features, type Variant, wasm } from "../src/index.ts";
import { createMemory } from "../src/linear.ts";
import { WasmMemory } from "../src/memory.ts";
import { open } from "../src/wasm.ts";
import { everyKernel } from "./every-kernel.ts";
import { Bench, SHARE_ALL, variants, whole } from "./harness.ts";
import { recycled } from "./recycled.ts";

const GIB = 2 ** 30;
const maxBytes = 6 * GIB;
const narrow = variants.filter(
  (variant): variant is Exclude<Variant, "wide"> => variant !== "wide",
);

describe("without a memory of 64-bit addresses", () => {
  it("more than 4 GiB are refused, with the reason and the remedy", async () => {
    const { validate } = WebAssembly;
    const spy = vi
      .spyOn(WebAssembly, "validate")
      .mockImplementation((bytes) => (bytes as Uint8Array).length > 20 && validate(bytes));
    const refused = wasm({ maxBytes });
    await expect(refused).rejects.toThrow(BackendUnavailable);
    await expect(refused).rejects.toThrow(
      "maxBytes 6442450944 is above 4 GiB, and the engine has no WebAssembly memory of 64-bit addresses; use Node 24",
    );
    // Up to 4 GiB nothing is asked of the engine.
    using backend = await wasm({ maxBytes: 4 * GIB });
    expect(backend.limits).toEqual({ maxBufferBytes: 4 * GIB, maxBytes: 4 * GIB });
    spy.mockRestore();
  });
});

it("the arena finds blocks beyond 4 GiB again", () => {
  const arena = new Arena(65536);
  const take = (bytes: number) => arena.take(bytes, () => true)!;
  const blocks = [3 * GIB, 5 * GIB, 64, 7 * GIB, 64].map(take);
  expect(blocks[4]!.start).toBe(65536 + 15 * GIB + 64);
  arena.give(blocks[1]!);
  arena.give(blocks[3]!);
  expect(take(6 * GIB).start).toBe(blocks[3]!.start);
  expect(take(5 * GIB).start).toBe(blocks[1]!.start);
});

if (!features().memory64)
  console.info(
    "backend-wasm tests: this engine has no memory of 64-bit addresses, so none is tested (Node 24 has it)",
  );
else {
  for (const variant of narrow)
    for (const threads of [variant === "simd" ? 1 : 2])
      testBackend(`wasm ${variant} on 64-bit addresses, ${threads} threads`, async () => {
        const backend = await open(
          { variant, threads, maxBytes },
          { ...SHARE_ALL, spawn: recycled },
        );
        await backend.startThreads();
        return backend;
      });

  describe.each(narrow)("%s on 64-bit addresses", (variant) => {
    it("computes the bits of 32-bit ones, below and above 4 GiB", async () => {
      const run = async (options: { maxBytes?: number; threads: number }, below = 0) => {
        using backend = await open({ variant, ...options }, SHARE_ALL);
        await backend.startThreads();
        // Reserved, never touched: everything after it lies above.
        for (let held = 0; held < below; held += GIB) backend.alloc(GIB / 4, "f32");
        return await everyKernel(new Bench(backend, 3));
      };
      const right = await run({ threads: 1 });
      expect(await run({ threads: 1, maxBytes })).toEqual(right);
      expect(await run({ threads: 1, maxBytes }, 5 * GIB)).toEqual(right);
      expect(await run({ threads: 3, maxBytes }, 5 * GIB)).toEqual(right);
    });

    it("reads and writes a buffer that crosses 4 GiB, and one of more than 4 GiB", async () => {
      using backend = await wasm({ variant, maxBytes: 14 * GIB, threads: 1 });
      const n = 1.25 * GIB; // elements: 5 GiB, of which two pages are touched
      const big = { buffer: backend.alloc(n, "f32"), shape: [n], dtype: "f32" as const };
      const tail = { ...whole(big), shape: [3], offset: n - 3 };
      const few = { buffer: backend.alloc(3, "f32"), shape: [3], dtype: "f32" as const };
      backend.write(few.buffer, [1, 2, 3]);
      backend.kernels.copy({ ...tail, strides: [1] }, whole(few));
      const out = { buffer: backend.alloc(3, "f32"), shape: [3], dtype: "f32" as const };
      backend.kernels.binary("add", out, { ...tail, strides: [1] }, whole(few));
      expect([...(await backend.read(out.buffer))]).toEqual([2, 4, 6]);
      // Rows that lie far apart: offsets of more than 32 bits in the strided kernels' table.
      const far = { ...big, shape: [2, 3], strides: [n - 3, 1], offset: 0 };
      backend.kernels.copy(far, { ...whole(few), shape: [2, 3], strides: [0, 1] });
      const rows = { buffer: backend.alloc(6, "f32"), shape: [2, 3], dtype: "f32" as const };
      backend.kernels.copy(whole(rows), far);
      expect([...(await backend.read(rows.buffer))]).toEqual([1, 2, 3, 1, 2, 3]);
    });
  });

  describe("a memory of 64-bit addresses", () => {
    it("grows to what was asked for, and names what does not fit", () => {
      const memory = new WasmMemory("wasm", 5 * GIB, createMemory(false, 64, 5 * GIB));
      const ids = [2, 2, 1].map((gib) => memory.alloc((gib * GIB) / 4, "f32"));
      expect(memory.address(ids[2]!)).toBe(65536 + 4 * GIB);
      memory.write(ids[2]!, [5]);
      expect(memory.view(ids[2]!)[0]).toBe(5);
      expect(() => memory.alloc(1, "f32")).toThrow(OutOfMemoryError);
      expect(memory.use.peakBytes).toBe(5 * GIB);
    });

    it("holds no buffer of 8 GiB, whose elements kernels could not count", async () => {
      using backend = await wasm({ maxBytes: 15 * GIB });
      expect(backend.limits).toEqual({ maxBufferBytes: 8 * GIB - 64, maxBytes: 15 * GIB });
      expect(() => backend.alloc(2 * GIB, "f32")).toThrow(OutOfMemoryError);
    });

    it("has no wide module, which is said", async () => {
      await expect(wasm({ variant: "wide", maxBytes })).rejects.toThrow(
        'the wide variant has no module for a memory of more than 4 GiB; use variant "auto"',
      );
      using backend = await wasm({ wide: true, maxBytes });
      expect(backend.variant).toBe("relaxed");
      expect(backend.notes).toEqual([
        "wide: V8 makes no 256-bit code for a memory of more than 4 GiB",
      ]);
    });
  });
}
