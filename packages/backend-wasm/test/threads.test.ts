import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CONTROL, WORD } from "../src/control.ts";
import type { Tuning } from "../src/crew.ts";
import { features, type Variant, type WasmBackend, type WasmOptions, wasm } from "../src/index.ts";
import type { WorkerData, WorkerHandle } from "../src/spawn.ts";
import { parallelism } from "../src/threads.ts";
import { open } from "../src/wasm.ts";
import { workerSource } from "../src/worker.ts";
import { type Bits, everyKernel } from "./every-kernel.ts";
import { Bench, SHARE_ALL, tested } from "./harness.ts";
import { tinyTraining } from "./tiny-training.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** With its threads running. */
async function started(options: WasmOptions, tuning: Tuning = SHARE_ALL): Promise<WasmBackend> {
  const backend = await open(options, tuning);
  await backend.startThreads();
  return backend;
}

const others: Tuning = { ...SHARE_ALL, takesPart: false };

// How work is cut does not depend on the variant: the others have stress.
describe.each(tested.slice(-1))("%s: the bits do not depend on the threads", (variant: Variant) => {
  it("for every kernel, on random shapes", async () => {
    const run = async (backend: WasmBackend): Promise<Bits> => {
      using _ = backend;
      const bits: (readonly [string, Int32Array])[] = [];
      for (let seed = 1; seed <= 2; seed++)
        bits.push(...(await everyKernel(new Bench(backend, seed))));
      return bits;
    };
    const alone = await run(await wasm({ variant, threads: 1 }));
    for (const [threads, tuning] of [
      [2, SHARE_ALL],
      [2, others],
      [3, SHARE_ALL],
      [5, SHARE_ALL],
      [5, others],
    ] as const) {
      const shared = await run(await started({ variant, threads }, tuning));
      expect(shared.length).toBe(alone.length);
      for (const [i, [name, bits]] of alone.entries()) {
        expect(shared[i]![0]).toBe(name);
        const first = bits.findIndex((v, at) => shared[i]![1][at] !== v);
        expect(first, `${name}, ${threads} threads: first difference`).toBe(-1);
      }
    }
  }, 120_000);

  it("over 20 steps of training, nor on more threads than cores", async () => {
    const run = async (backend: WasmBackend) => {
      using _ = backend;
      return await tinyTraining(backend, 20);
    };
    const alone = await run(await wasm({ variant, threads: 1 }));
    for (const threads of [2, 3, 5, 4 * parallelism()])
      expect(await run(await started({ variant, threads })), `${threads} threads`).toEqual(alone);
    expect(await run(await started({ variant, threads: 3 }, others))).toEqual(alone);
    // As users have it: threads that start on their own, and small kernels on the calling thread.
    expect(await run(await wasm({ variant, threads: 2 }))).toEqual(alone);
  }, 120_000);
});

describe("threads", () => {
  it("are as many as the process has cores, unless asked for", async () => {
    using backend = await wasm();
    expect(backend.threads).toBe(Math.min(16, parallelism()));
    expect(features().threads).toBe(backend.threads);
    using one = await wasm({ threads: 1 });
    expect(one.threads).toBe(1);
    expect(one.threadsReason).toBe("one was asked for");
    using many = await wasm({ threads: parallelism() + 1 });
    expect(many.threads).toBe(parallelism() + 1);
    expect(many.threadsReason).toContain(`more than the ${parallelism()} cores`);
  });

  it("of a senseless number are refused", async () => {
    for (const threads of [0, -1, 1.5, 65, 1000, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(wasm({ threads })).rejects.toThrow(
        new RangeError(`wasm: threads ${threads} is neither "auto" nor an integer from 1 to 64`),
      );
    await expect(wasm({ threads: "2" as unknown as number })).rejects.toThrow(RangeError);
  });

  it("are one, with the reason, where memory cannot be shared", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    expect(features()).toMatchObject({ threads: 1 });
    using backend = await wasm({ threads: 4 });
    expect(backend.threads).toBe(1);
    expect(backend.threadsReason).toContain("there is no shared memory: serve the page with");
    expect((await tinyTraining(backend, 1)).length).toBeGreaterThan(0);
    vi.unstubAllGlobals();
    vi.stubGlobal("crossOriginIsolated", false);
    expect(features().threadsReason).toContain("Cross-Origin-Embedder-Policy: require-corp");
  });

  it("are one, with the reason, where a shared memory is refused or the thread may not block", async () => {
    const Memory = WebAssembly.Memory;
    const stingy = class extends Memory {
      constructor(options: WebAssembly.MemoryDescriptor) {
        if (options.shared) throw new RangeError("refused");
        super(options);
      }
    };
    // Not a spy: what one constructs is no memory.
    WebAssembly.Memory = stingy as typeof Memory;
    try {
      using refused = await wasm({ threads: 2 });
      expect(refused.threads).toBe(1);
      expect(refused.threadsReason).toBe("no shared memory was granted");
      expect((await tinyTraining(refused, 1)).length).toBeGreaterThan(0);
    } finally {
      WebAssembly.Memory = Memory;
    }
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    expect(features().threadsReason).toContain("make the backend in a Worker");
  });

  it("that cannot start leave one, with the reason and the remedy", async () => {
    const blocked: Tuning = {
      ...SHARE_ALL,
      spawn: () => {
        throw new DOMException("blocked by the policy", "SecurityError");
      },
    };
    using backend = await started({ threads: 2 }, blocked);
    expect(backend.threads).toBe(1);
    expect(backend.threadsReason).toBe(
      "a worker could not start (blocked by the policy); under a Content-Security-Policy, add worker-src blob:",
    );
    using late = await started({ threads: 3 }, withWorkers("throw new Error('no room')").tuning);
    expect(late.threadsReason).toContain("a worker could not start (no room)");
    const alone = await wasm({ threads: 1 });
    expect(await tinyTraining(late, 2)).toEqual(await tinyTraining(alone, 2));
  });
});

/** Workers of which the test has hold. */
function withWorkers(source = workerSource, more: Partial<Tuning> = {}) {
  const workers: Worker[] = [];
  let ended = 0;
  const start = (data: WorkerData, lost: (cause: string) => void): WorkerHandle => {
    const worker = new Worker(source, { eval: true, workerData: data });
    workers.push(worker);
    let meant = false;
    worker.on("error", (error: Error) => meant || lost(error.message));
    worker.on("exit", (code) => {
      ended++;
      if (!meant) lost(`exit code ${code}`);
    });
    return {
      end() {
        meant = true;
        void worker.terminate();
      },
    };
  };
  const tuning: Tuning = { ...SHARE_ALL, ...more, spawn: start };
  return { workers, tuning, ended: () => ended };
}

describe("a worker that dies", () => {
  it("between kernels makes the next one throw, naming it, and dispose still works", async () => {
    const { workers, tuning } = withWorkers();
    const backend = await started({ threads: 3 }, tuning);
    const x = { buffer: backend.alloc(4096, "f32"), shape: [4096], dtype: "f32" as const };
    backend.kernels.fill(x, 1, 0);
    await workers[1]!.terminate();
    await vi.waitFor(() =>
      expect(() => backend.kernels.gelu!(x, undefined, x)).toThrow(
        /^wasm: worker 2 ended \(exit code \d\); this backend can no longer compute: dispose it and make a new one/,
      ),
    );
    expect(() => backend.kernels.gelu!(x, undefined, x)).toThrow("can no longer compute");
    backend[Symbol.dispose]();
  });

  it("amid a kernel gives an error and not a hang", async () => {
    const dies = `
      const { memory } = require("node:worker_threads").workerData;
      const I = new Int32Array(memory.buffer, ${CONTROL}, 256);
      Atomics.add(I, ${WORD.ready}, 1);
      while (Atomics.load(I, ${WORD.unclaimed}) === 0);
      Atomics.sub(I, ${WORD.unclaimed}, 1);
      process.exit(3);`;
    const { tuning } = withWorkers(dies, { patience: 200, takesPart: false });
    using backend = await started({ threads: 2 }, tuning);
    const x = { buffer: backend.alloc(4096, "f32"), shape: [4096], dtype: "f32" as const };
    expect(() => backend.kernels.fill(x, 1, 0)).toThrow(
      "wasm: a worker took up a part of fill_f32 and has not answered for 0.2 s",
    );
    expect(() => backend.kernels.fill(x, 1, 0)).toThrow("this backend can no longer compute");
  });
});

it("a trap names its kernel, on whichever thread, and the backend stays usable", async () => {
  for (const [tuning, message] of [
    [others, "wasm: the module trapped in gelu_f32, on worker 1"],
    [SHARE_ALL, /memory access out of bounds|trapped in gelu_f32, on worker 1/], // whoever is the first to it
  ] as const) {
    using backend = await started({ threads: 2 }, tuning);
    const beyond = { buffer: backend.alloc(64, "f32"), shape: [2 ** 28], dtype: "f32" as const };
    expect(() => backend.kernels.gelu!(beyond, undefined, beyond)).toThrow(message);
    const x = { buffer: backend.alloc(4096, "f32"), shape: [4096], dtype: "f32" as const };
    backend.kernels.fill(x, 3, 0);
    expect([...new Set(await backend.read(x.buffer))]).toEqual([3]);
  }
});

describe("dispose", () => {
  it("ends the workers, started or starting", async () => {
    const { workers, tuning, ended } = withWorkers();
    const backend = await started({ threads: 4 }, tuning);
    backend[Symbol.dispose]();
    const hasty = await open({ threads: 3 }, tuning);
    const waiting = hasty.startThreads();
    hasty[Symbol.dispose]();
    await waiting;
    await vi.waitFor(() => expect(ended()).toBe(5), 5000);
    expect(workers.length).toBe(5);
    expect(hasty.threads).toBe(1);
  });

  it("lets 300 backends come and go without growth", async () => {
    const cycle = async (i: number) => {
      using backend = await open({ threads: 2 }, SHARE_ALL);
      if (i % 40 === 0) await backend.startThreads();
      const x = { buffer: backend.alloc(4096, "f32"), shape: [4096], dtype: "f32" as const };
      backend.kernels.fill(x, i, 0);
      backend.kernels.unary("neg", x, x, 0);
      if (i % 100 === 0) expect((await backend.read(x.buffer))[4095]).toBe(-i);
    };
    for (let i = 0; i < 100; i++) await cycle(i);
    const before = process.memoryUsage().rss;
    for (let i = 100; i < 300; i++) await cycle(i);
    // Half a megabyte kept by each would be 100.
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  }, 120_000);
});
