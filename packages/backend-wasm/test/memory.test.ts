import { BackendUnavailable, OutOfMemoryError } from "@muladd/tensor";
import { describe, expect, it, vi } from "vitest";
import { Arena } from "../src/arena.ts";
import { wasm } from "../src/index.ts";
import { createMemory } from "../src/linear.ts";
import { WasmMemory } from "../src/memory.ts";
import { variants } from "./harness.ts";

if (variants.length === 1)
  console.log(
    "backend-wasm: this engine has no relaxed SIMD, so the relaxed variant is not tested (Node 22 has it; Node 20 by node --experimental-wasm-relaxed-simd)",
  );

const memory = (maxBytes = 2 ** 32) => new WasmMemory("wasm", maxBytes, createMemory());

describe("arena", () => {
  it("gives a step the addresses of the step before, whatever order it frees in", () => {
    const m = memory();
    const kept = m.alloc(1000, "f32");
    const step = (reverse: boolean) => {
      const live: number[] = [];
      const addresses: number[] = [];
      for (let i = 0; i < 300; i++) {
        const id = m.alloc(((i * 7919) % 500) + 1, "f32");
        addresses.push(m.address(id));
        live.push(id);
        if (i % 3 === 2) m.free(live.splice(i % live.length, 1)[0]!);
      }
      for (const id of reverse ? live.reverse() : live) m.free(id);
      return addresses;
    };
    const first = step(false);
    const size = m.wasm.buffer.byteLength;
    expect(step(true)).toEqual(first);
    expect(step(false)).toEqual(first);
    expect(m.wasm.buffer.byteLength).toBe(size);
    expect(m.use.buffers).toBe(1);
    m.free(kept);
  });

  it("reuses a freed block at once", () => {
    const m = memory();
    const a = m.alloc(100, "f32");
    const at = m.address(a);
    m.alloc(100, "f32");
    m.free(a);
    expect(m.address(m.alloc(90, "f32"))).toBe(at);
  });

  it("never lets blocks overlap, and merges all of them again", () => {
    const arena = new Arena(65536);
    const blocks: { start: number; bytes: number }[] = [];
    let seed = 1;
    const next = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % n;
    };
    for (let i = 0; i < 5000; i++)
      if (blocks.length > 0 && next(5) < 2)
        arena.give(blocks.splice(next(blocks.length), 1)[0] as ReturnType<Arena["take"]> & object);
      else {
        const bytes = next(10) ? next(4000) : next(100000);
        const block = arena.take(bytes, () => true)!;
        expect(block.start % 64).toBe(0);
        expect(block.bytes).toBeGreaterThanOrEqual(bytes);
        blocks.push(block);
        if (i % 100 === 0) {
          const sorted = [...blocks].sort((a, b) => a.start - b.start);
          for (let j = 1; j < sorted.length; j++)
            expect(sorted[j]!.start).toBeGreaterThanOrEqual(
              sorted[j - 1]!.start + sorted[j - 1]!.bytes,
            );
        }
      }
    for (const block of blocks) arena.give(block as ReturnType<Arena["take"]> & object);
    expect(arena.top).toBe(65536);
  });

  it("does not grow over 1,000 rounds of making and freeing", () => {
    const m = memory();
    m.free(m.alloc(100_000, "f32"));
    const size = m.wasm.buffer.byteLength;
    for (let i = 0; i < 1000; i++) {
      const ids = [1, 50_000, 0, 17, 30_000].map((n) => m.alloc(n, "f32"));
      for (const id of ids) m.free(id);
    }
    expect(m.wasm.buffer.byteLength).toBe(size);
    expect(m.use).toEqual({ buffers: 0, bytes: 0, peakBytes: 400_000 });
  });
});

describe("buffers", () => {
  it("are counted by what was asked for", () => {
    const m = memory();
    const a = m.alloc(3, "f32");
    const b = m.alloc(0, "i32");
    expect(m.use).toEqual({ buffers: 2, bytes: 12, peakBytes: 12 });
    m.free(a);
    m.free(b);
    expect(m.use).toEqual({ buffers: 0, bytes: 0, peakBytes: 12 });
  });

  it("keep their contents while the memory grows", () => {
    const m = memory();
    const a = m.alloc(4, "i32");
    m.write(a, [1, 2, 3, 4]);
    const words = m.words.length;
    m.alloc(40_000_000, "f32");
    expect([...m.read(a)]).toEqual([1, 2, 3, 4]);
    expect(m.words.length).toBe(words);
  });

  it("name themselves when freed twice, used after, or foreign", () => {
    const m = memory();
    const id = m.alloc(4, "f32");
    m.free(id);
    expect(() => m.free(id)).toThrow(`cannot free buffer ${id}: it was freed already`);
    expect(() => m.address(id)).toThrow(`cannot use buffer ${id}: it was freed already`);
    expect(() => m.read(99)).toThrow("cannot use buffer 99: it is not one of this backend's");
  });

  it("refuse more numbers than they hold", () => {
    const m = memory();
    expect(() => m.write(m.alloc(2, "f32"), [1, 2, 3])).toThrow(RangeError);
  });

  it("out of room: an OutOfMemoryError with the bytes, and what was there stays usable", () => {
    const m = memory(1 << 20);
    const a = m.alloc(1000, "f32");
    m.write(a, [7]);
    try {
      m.alloc(1 << 20, "f32");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(OutOfMemoryError);
      expect((error as OutOfMemoryError).bytes).toBe(1 << 22);
      expect((error as Error).message).toContain("0.0 MB are in use, of at most 1.0 MB");
    }
    expect(m.read(a)[0]).toBe(7);
    expect(m.use.buffers).toBe(1);
    m.alloc(200_000, "f32");
  });

  it("beyond 4 GiB are refused, not wrapped", () => {
    expect(() => memory().alloc(2 ** 31, "f32")).toThrow(OutOfMemoryError);
  });
});

describe("wasm()", () => {
  it("runs each variant it names, and the best by itself", async () => {
    for (const variant of variants) {
      using backend = await wasm({ variant });
      expect(backend.variant).toBe(variant);
      expect(backend.memory.buffers).toBe(0);
    }
    using backend = await wasm();
    expect(backend.variant).toBe(variants.includes("relaxed") ? "relaxed" : "simd");
  });

  it("works above 2 GiB, where addresses no longer fit a signed word", async () => {
    using backend = await wasm({ variant: "simd" });
    const big = backend.alloc(0x2000_0000 + 1024, "f32"); // 2 GiB, never touched
    const [a, b] = [backend.alloc(5, "f32"), backend.alloc(5, "f32")];
    backend.write(a, [1, 2, 3, 4, 5]);
    const dense = (buffer: number, shape: number[]) => ({ buffer, shape, dtype: "f32" as const });
    const view = (buffer: number) => ({ ...dense(buffer, [5]), strides: [1], offset: 0 });
    backend.kernels.binary("add", dense(b, [5]), view(a), view(a));
    expect([...(await backend.read(b))]).toEqual([2, 4, 6, 8, 10]);
    const c = backend.alloc(64, "f32");
    backend.write(c, new Array(64).fill(1));
    const out = backend.alloc(64, "f32");
    backend.kernels.matmul(dense(out, [8, 8]), dense(c, [8, 8]), dense(c, [8, 8]), {
      batch: 1,
      m: 8,
      k: 8,
      n: 8,
      transposeA: false,
      transposeB: false,
    });
    expect([...(await backend.read(out))]).toEqual(new Array(64).fill(8));
    backend.free(big);
  });

  it("says why it cannot serve, and what to do", async () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    await expect(wasm()).rejects.toThrow(
      "the engine has no WebAssembly SIMD; use Node 20 or later",
    );
    validate.mockRestore();
    const refused = new EvalError("blocked by CSP");
    const compile = vi.spyOn(WebAssembly, "compile").mockRejectedValue(refused);
    await expect(wasm()).rejects.toThrow(BackendUnavailable);
    await expect(wasm()).rejects.toThrow("add script-src 'wasm-unsafe-eval'");
    compile.mockRestore();
    await expect(wasm({ maxBytes: 0 })).rejects.toThrow(RangeError);
    const plain = vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) => {
      return (bytes as Uint8Array).length < 40; // the probe of plain SIMD is the shorter one
    });
    for (const variant of ["relaxed", "wide"] as const)
      await expect(wasm({ variant })).rejects.toThrow("the engine has no relaxed SIMD");
    plain.mockRestore();
  });

  it("is dead after dispose", async () => {
    const backend = await wasm();
    const id = backend.alloc(1, "f32");
    backend[Symbol.dispose]();
    expect(backend.memory.buffers).toBe(0);
    expect(() => backend.free(id)).toThrow("this backend was disposed");
    await expect(backend.read(id)).rejects.toThrow("this backend was disposed");
  });
});
