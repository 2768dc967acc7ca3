import { afterEach, describe, expect, it, vi } from "vitest";

// Each test has modules of its own, since one trial serves a whole process.
const fresh = async () => {
  vi.resetModules();
  return import("../src/index.ts");
};

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.doUnmock("../src/prove.ts");
  vi.resetModules();
});

describe("wasm({ wide: true })", () => {
  it("runs wide, or says why it does not", async () => {
    const { wasm } = await fresh();
    using backend = await wasm({ wide: true });
    if (backend.variant === "wide") expect(backend.notes).toEqual([]);
    else expect(backend.notes[0]).toMatch(/^wide: (V8|no faster here|the engine)/);
    using again = await wasm({ wide: true });
    expect([again.variant, again.notes]).toEqual([backend.variant, backend.notes]);
  });

  it("sets no flag of V8 unasked", async () => {
    const { wasm } = await fresh();
    const ask = vi.spyOn(process, "getBuiltinModule");
    using backend = await wasm();
    expect(backend.variant).not.toBe("wide");
    expect(ask).not.toHaveBeenCalledWith("node:v8");
  });

  it("falls back where there is no V8 to ask", async () => {
    const { wasm } = await fresh();
    vi.stubGlobal("process", undefined);
    using backend = await wasm({ wide: true });
    expect(backend.variant).not.toBe("wide");
    expect(backend.notes).toEqual([
      "wide: only Node can ask V8 to widen; browsers do not offer it",
    ]);
  });

  it.each([
    ["gains nothing", { race: () => [1, 1] }, /no faster here: 7 against 7 GFLOP\/s/],
    ["comes out wrong", { difference: () => "softmax" }, /softmax came out wrong when widened/],
  ])("falls back, and takes the flag back, where widening %s", async (_, proof, reason) => {
    // Node 20 gets relaxed SIMD by being asked for real.
    using real = await (await fresh()).wasm({ wide: true });
    expect(real.variant).not.toBe("simd");
    const flags: string[] = [];
    const { getBuiltinModule } = process;
    const v8 = { setFlagsFromString: (flag: string) => flags.push(flag) };
    vi.stubGlobal("process", {
      versions: { v8: "13.6" },
      getBuiltinModule: (name: string) => (name === "node:v8" ? v8 : getBuiltinModule(name)),
    });
    vi.doMock("../src/prove.ts", async (actual) => ({
      ...(await actual<typeof import("../src/prove.ts")>()),
      answers: () => new Map(),
      ...proof,
    }));
    const { wasm } = await fresh();
    using backend = await wasm({ wide: true });
    expect(backend.variant).toBe("relaxed");
    expect(backend.notes[0]).toMatch(reason);
    expect(flags).toEqual([
      "--experimental-wasm-revectorize",
      "--no-liftoff",
      "--liftoff",
      "--no-experimental-wasm-revectorize",
    ]);
  });
});

describe("the proof", () => {
  it("finds the kernel that differs, and NaN where there should be none", async () => {
    const { difference } = await import("../src/prove.ts");
    const map = (x: number) =>
      new Map([
        ["gelu", [new Float32Array([1, 2])]],
        ["softmax", [new Float32Array([3, x])]],
      ]);
    expect(difference(map(4), map(4))).toBeUndefined();
    expect(difference(map(4.00001), map(4))).toBeUndefined();
    expect(difference(map(4.01), map(4))).toBe("softmax");
    expect(difference(map(Number.NaN), map(4))).toBe("softmax");
  });

  it("holds between all variants that this engine runs, and leaves nothing allocated", async () => {
    const { answers, difference } = await import("../src/prove.ts");
    const { variants } = await import("./harness.ts");
    const { wasm } = await import("../src/index.ts");
    using plain = await wasm({ variant: "simd" });
    const right = await answers(plain as never);
    for (const variant of variants) {
      using backend = await wasm({ variant });
      expect(difference(await answers(backend as never), right)).toBeUndefined();
      expect(backend.memory.buffers).toBe(0);
    }
  });
});
