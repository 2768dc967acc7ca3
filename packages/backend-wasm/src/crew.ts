import { ARGUMENTS, CONTROL, STEPS, WORD } from "./control.ts";
import type { Exports } from "./load.ts";
import { TABLE, type WasmMemory } from "./memory.ts";
import { spawn, type WorkerHandle } from "./spawn.ts";
import { type Split, STEP } from "./split.ts";
import { SPINS } from "./worker.ts";

export type KernelName = keyof Exports;

/** Runs kernels, on the calling thread or on several. */
export interface Runner {
  /** Threads that a kernel may run on, the calling one among them. */
  readonly threads: number;
  /** Whether a call that takes so long on one thread would be cut into parts. */
  shares(nanoseconds: number): boolean;
  /** Has returned when the kernel is done. `args` are those of the whole call. */
  run(kernel: KernelName, args: readonly number[], split?: Split): void;
}

/** What the measurements chose; tests lower it, so that small operands are shared too. */
export interface Tuning {
  /** A call shorter than this stays on the calling thread. */
  readonly shareFrom: number;
  /** No part is shorter than this. */
  readonly part: number;
  /** Milliseconds without any progress after which a worker counts as dead. */
  readonly patience: number;
  /** Whether the calling thread takes parts itself. */
  readonly takesPart: boolean;
  readonly spawn: typeof spawn;
}

export const TUNING: Tuning = {
  shareFrom: 12_000,
  part: 6_000,
  patience: 30_000,
  takesPart: true,
  spawn,
};

export const oneThread = (exports: Exports): Runner => ({
  threads: 1,
  shares: () => false,
  run: (kernel, args) => void exports[kernel](...args),
});

/** Parts for each thread: so that one that is held up, or starts late, takes fewer. */
const PARTS = 4;

/**
 * A calling thread and its workers, over one shared memory. Workers start with the first call that is worth sharing and
 * join when they run; until then, and while they are held up, the calling thread does what nobody has claimed.
 */
export class Crew implements Runner {
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  readonly #tuning: Tuning;
  readonly #module: WebAssembly.Module;
  readonly #names: KernelName[];
  readonly #index: ReadonlyMap<string, number>;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #list: number[] = [];
  readonly #ready: Promise<void>;
  #isReady!: () => void;
  #workers: WorkerHandle[] | undefined;
  #threads: number;
  #reason: string | undefined;
  #broken: Error | undefined;

  constructor(
    threads: number,
    module: WebAssembly.Module,
    exports: Exports,
    memory: WasmMemory,
    tuning: Tuning,
  ) {
    this.#threads = threads;
    this.#module = module;
    this.#exports = exports;
    this.#memory = memory;
    this.#tuning = tuning;
    this.#names = Object.keys(exports).filter((name) => /^\w+$/.test(name)) as KernelName[];
    this.#index = new Map(this.#names.map((name, i) => [name, i]));
    // A shared buffer stays valid when the memory grows.
    this.#words = new Int32Array(memory.wasm.buffer, CONTROL, 256);
    this.#floats = new Float64Array(memory.wasm.buffer, CONTROL, 256);
    this.#ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
  }

  get threads(): number {
    return this.#threads;
  }

  /** Why there are fewer than at first. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Starts the workers; resolves when all run, or one cannot. */
  start(): Promise<void> {
    this.#start();
    void this.#watch();
    return this.#ready;
  }

  shares(nanoseconds: number): boolean {
    if (this.#threads === 1 || nanoseconds < this.#tuning.shareFrom) return false;
    this.#start();
    return this.#words[WORD.ready]! > 0;
  }

  run(kernel: KernelName, args: readonly number[], split?: Split): void {
    if (this.#broken) throw this.#broken;
    if (split && this.shares(split.nanoseconds)) {
      const { units, block, nanoseconds, most = Number.POSITIVE_INFINITY } = split;
      const enough = Math.min(this.#threads * PARTS, Math.max(this.#threads, most));
      const parts = Math.min(
        enough,
        Math.floor(nanoseconds / this.#tuning.part),
        Math.ceil(units / block),
      );
      if (parts > 1 && this.#share(kernel, args, split, parts)) return;
    }
    this.#exports[kernel](...args);
  }

  /** Ends the workers. */
  close(): void {
    this.#threads = 1;
    this.#stop();
    this.#isReady();
  }

  /** False, and nothing done, when the memory has no scratch for all threads. */
  #share(kernel: KernelName, args: readonly number[], split: Split, parts: number): boolean {
    const words = this.#words;
    const floats = this.#floats;
    const stride = Math.ceil((split.scratch ?? 0) / 64) * 64;
    const kept = split.kept ?? 0;
    let own = 0;
    if (stride) {
      const scratch = this.#memory.spare(kept + stride * this.#threads);
      if (scratch === undefined) return false;
      own = scratch + kept;
    }
    words[WORD.kernel] = this.#index.get(kernel)!;
    words[WORD.arguments] = args.length;
    words[WORD.parts] = parts;
    words[WORD.units] = split.units;
    words[WORD.block] = split.block;
    words[WORD.scratch] = stride;
    words[WORD.table] = split.table ? split.table.axes + 1 : 0;
    words[WORD.axis] = split.table ? split.table.axis : 0;
    for (let i = 0; i < args.length; i++) {
      const step = split.steps[i]!;
      floats[ARGUMENTS + i] = step === STEP.own ? own : args[i]!;
      floats[STEPS + i] = step;
    }
    Atomics.store(words, WORD.pending, parts);
    Atomics.store(words, WORD.unclaimed, parts);
    Atomics.add(words, WORD.sequence, 1);
    if (Atomics.load(words, WORD.sleeping) > 0) Atomics.notify(words, WORD.sequence);
    while (this.#tuning.takesPart) {
      const left = Atomics.load(words, WORD.unclaimed);
      if (left <= 0) break;
      if (Atomics.compareExchange(words, WORD.unclaimed, left, left - 1) !== left) continue;
      try {
        this.#part(kernel, args, split, parts, left - 1, own);
      } catch (error) {
        // Nobody takes up what is left; the parts under way are waited for, since they write into the memory.
        const dropped = Atomics.exchange(words, WORD.unclaimed, 0);
        Atomics.sub(words, WORD.pending, 1 + Math.max(0, dropped));
        this.#join(kernel);
        Atomics.store(words, WORD.trapped, 0);
        throw error;
      }
      Atomics.sub(words, WORD.pending, 1);
    }
    this.#join(kernel);
    const trapped = Atomics.exchange(words, WORD.trapped, 0);
    if (trapped) throw new Error(`wasm: the module trapped in ${kernel}, on worker ${trapped}`);
    return true;
  }

  /** See `part` in worker.ts. */
  #part(
    kernel: KernelName,
    args: readonly number[],
    { units, block, steps, table }: Split,
    parts: number,
    index: number,
    own: number,
  ): void {
    const blocks = Math.ceil(units / block);
    const low = Math.floor((blocks * index) / parts) * block;
    const high = Math.min(units, Math.floor((blocks * (index + 1)) / parts) * block);
    const list = this.#list;
    list.length = args.length;
    for (let i = 0; i < args.length; i++) {
      const step = steps[i]!;
      if (step >= 0) list[i] = args[i]! + low * step;
      else if (step === STEP.count) list[i] = high - low;
      else if (step === STEP.first) list[i] = low;
      else if (step === STEP.last) list[i] = high;
      else list[i] = own;
    }
    if (table) this.#exports.own_table(own, TABLE, table.axes, table.axis, high - low);
    this.#exports[kernel](...list);
  }

  /** Waits until no part is under way: spins a while, then sleeps in slices. */
  #join(kernel: KernelName): void {
    const words = this.#words;
    for (let i = 0; i < SPINS; i++) if (Atomics.load(words, WORD.pending) <= 0) return;
    const slice = Math.min(100, this.#tuning.patience);
    let waited = 0;
    Atomics.store(words, WORD.waiting, 1);
    for (;;) {
      const pending = Atomics.load(words, WORD.pending);
      if (pending <= 0) break;
      const came = Atomics.wait(words, WORD.pending, pending, slice);
      // Slices, not a clock: a machine that slept has not kept anybody waiting.
      waited = came === "timed-out" ? waited + slice : 0;
      if (waited >= this.#tuning.patience) {
        Atomics.store(words, WORD.waiting, 0);
        throw this.#break(
          `a worker took up a part of ${kernel} and has not answered for ${waited / 1000} s: it died or was stopped`,
        );
      }
    }
    Atomics.store(words, WORD.waiting, 0);
  }

  #start(): void {
    if (this.#workers) return;
    const workers: WorkerHandle[] = [];
    this.#workers = workers;
    for (let thread = 1; thread < this.#threads; thread++) {
      const data = { module: this.#module, memory: this.#memory.wasm, names: this.#names, thread };
      try {
        workers.push(this.#tuning.spawn(data, (cause) => this.#lost(thread, cause)));
      } catch (error) {
        this.#lost(thread, error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }

  /** A worker ended by itself. */
  #lost(thread: number, cause: string): void {
    if (this.#threads === 1 || this.#broken) return;
    if (this.#words[WORD.ready]! >= this.#threads - 1) {
      this.#break(`worker ${thread} ended (${cause})`);
      return;
    }
    this.#threads = 1;
    this.#reason = `a worker could not start (${cause}); under a Content-Security-Policy, add worker-src blob:`;
    this.#stop();
    this.#isReady();
  }

  #break(what: string): Error {
    this.#broken = new Error(
      `wasm: ${what}; this backend can no longer compute: dispose it and make a new one, with threads: 1 if it happens again`,
    );
    this.#stop();
    this.#isReady();
    return this.#broken;
  }

  #stop(): void {
    Atomics.store(this.#words, WORD.stop, 1);
    Atomics.add(this.#words, WORD.sequence, 1);
    Atomics.notify(this.#words, WORD.sequence);
    for (const worker of this.#workers ?? []) worker.end();
    this.#workers = [];
  }

  async #watch(): Promise<void> {
    while (this.#words[WORD.ready]! < this.#threads - 1 && this.#threads > 1)
      await new Promise((resolve) => setTimeout(resolve, 2));
    this.#isReady();
  }
}
