import {
  type Backend,
  BackendUnavailable,
  type BufferId,
  type Dense,
  type DType,
  type FusedKernels,
  type Kernels,
  type MemoryUse,
  type TypedArray,
} from "@muladd/tensor";
import { Crew, oneThread, TUNING, type Tuning } from "./crew.ts";
import { fusedKernels } from "./fused.ts";
import { kernels } from "./kernels.ts";
import { type Bits, createMemory, type Linear, MAX_BYTES } from "./linear.ts";
import { compile, type Exports, features, instantiate, type Variant } from "./load.ts";
import { MAX_BUFFER_BYTES, WasmMemory } from "./memory.ts";
import { product } from "./product.ts";
import { chooseThreads, type Threads } from "./threads.ts";
import { afterKernel, allowRelaxed, widen } from "./wide.ts";

export interface WasmOptions {
  /**
   * Bytes that buffers and scratch may take together. Default 4 GiB, what 32-bit addresses reach; more asks for a memory of
   * 64-bit addresses, which Node 24 has: at most 16 GiB, of buffers below 8 GiB, and its kernels are slower.
   */
  readonly maxBytes?: number;
  /**
   * "auto" (default): with `wide` the wide one where it proves right and faster, else relaxed where the engine has it and
   * it proves right, else simd. A name insists: on that module, right or an error, faster or not.
   */
  readonly variant?: "auto" | Variant;
  /**
   * Threads that a kernel may use, 1 … 64, the calling one among them. "auto" (default): as many as the process has cores,
   * at most 16. Where memory cannot be shared or the thread may not block, one: see {@link WasmBackend.threadsReason}.
   */
  readonly threads?: number | "auto";
  /**
   * Allows flags of V8 that change the whole process, since a library must not set them unasked: on Node 24 and later the
   * one that lets V8 make 256-bit code of WebAssembly, which doubles the speed of products; on Node 20 the one that gives
   * relaxed SIMD. Where they gain nothing or there is no V8 to ask, the fallback runs and `notes` says why.
   */
  readonly wide?: boolean;
}

export interface WasmBackend extends Backend {
  /** Which module runs. Results are the same bits on every run of one variant on one machine. */
  readonly variant: Variant;
  /** Threads that a kernel may use, the calling one among them. The bits of a result do not depend on it. */
  readonly threads: number;
  /** Why there are not more; `undefined` when they are all that was asked for. */
  readonly threadsReason: string | undefined;
  /**
   * Starts the other threads now, and resolves when they run or are known not to. Without it they start with the first
   * kernel that is worth sharing, and join in when they run.
   */
  startThreads(): Promise<void>;
  /** Why a faster variant that was asked for does not run, in words; empty when none was refused. */
  readonly notes: readonly string[];
}

/**
 * A backend on the cores of this process or page, in WebAssembly with SIMD. Kernels have run when a call returns; idle
 * threads sleep, and do not keep a process alive. A thread that dies makes every later kernel throw, naming it.
 * Throws BackendUnavailable, with the reason and the remedy, where WebAssembly SIMD is missing, the page's policy refuses
 * the module, or `variant` or `maxBytes` asks for what the engine lacks; RangeError when `maxBytes` is not a positive number, or
 * `threads` not one that it may be.
 */
export function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  return open(options, TUNING);
}

/** `wasm()`, with a say in what is shared among threads: for tests. */
export async function open(options: WasmOptions, tuning: Tuning): Promise<WasmBackend> {
  const { maxBytes = MAX_BYTES[32], variant: wanted = "auto", wide = false } = options;
  if (!(maxBytes > 0)) throw new RangeError(`wasm: maxBytes ${maxBytes} is not a positive number`);
  const threads = chooseThreads(options.threads ?? "auto");
  if (!features().simd)
    throw new BackendUnavailable(
      "wasm",
      typeof WebAssembly === "object"
        ? "the engine has no WebAssembly SIMD"
        : "there is no WebAssembly",
      "use Node 20 or later, or a browser of 2023 or later",
    );
  if (maxBytes > MAX_BYTES[32] && !features().memory64)
    throw new BackendUnavailable(
      "wasm",
      `maxBytes ${maxBytes} is above 4 GiB, and the engine has no WebAssembly memory of 64-bit addresses`,
      `use Node 24 or later, or maxBytes up to ${MAX_BYTES[32]}`,
    );
  const notes: string[] = [];
  const begin = (variant: Variant) => start(variant, maxBytes, threads, tuning, notes);
  if (wide && wanted !== "simd") {
    if (bitsFor(maxBytes) === 64)
      notes.push("wide: V8 makes no 256-bit code for a memory of more than 4 GiB");
    if (wanted === "relaxed" || bitsFor(maxBytes) === 64) allowRelaxed();
    else {
      // The module that will run, shared memory and all, but on this thread alone.
      const alone = { ...tuning, shareFrom: Infinity };
      const refused = await widen((variant) => start(variant, maxBytes, threads, alone, []));
      if (!refused) return begin("wide");
      notes.push(`wide: ${refused}`);
    }
  }
  if (wanted !== "auto" && wanted !== "simd" && !features().relaxedSimd)
    throw new BackendUnavailable(
      "wasm",
      "the engine has no relaxed SIMD",
      'use variant "auto" or "simd", or Node 22 or later (Node 20: wasm({ wide: true }) asks for it)',
    );
  if (wanted !== "simd" && features().relaxedSimd) {
    const variant = wanted === "auto" ? "relaxed" : wanted;
    const backend = await begin(variant);
    if (backend.proves()) return backend;
    backend[Symbol.dispose]();
    if (wanted !== "auto")
      throw new BackendUnavailable(
        "wasm",
        `the ${variant} module computed a wrong product on this machine`,
        'use variant "simd", and report the machine and engine',
      );
    notes.push("relaxed: a product came out wrong on this machine");
  }
  return begin("simd");
}

async function start(
  variant: Variant,
  maxBytes: number,
  { threads, reason }: Threads,
  tuning: Tuning,
  notes: readonly string[],
): Promise<Wasm> {
  const bits = bitsFor(maxBytes);
  const shared = threads > 1 ? sharedMemory(bits, maxBytes) : undefined;
  if (threads > 1 && !shared) {
    const one = { threads: 1, reason: "no shared memory was granted" };
    return start(variant, maxBytes, one, tuning, notes);
  }
  const module = await compile(variant, bits, shared !== undefined);
  const memory = new WasmMemory("wasm", maxBytes, shared ?? createMemory(false, bits, maxBytes));
  const exports = instantiate(module, memory.wasm);
  const crew = shared && new Crew(threads, module, exports, memory, tuning, variant);
  return new Wasm(variant, notes, maxBytes, memory, exports, crew, reason);
}

const bitsFor = (maxBytes: number): Bits => (maxBytes > MAX_BYTES[32] ? 64 : 32);

function sharedMemory(bits: Bits, maxBytes: number): Linear | undefined {
  try {
    return createMemory(true, bits, maxBytes);
  } catch {
    return undefined;
  }
}

/** Ends the workers of backends that were forgotten rather than disposed. */
const forgotten = new FinalizationRegistry<Crew>((crew) => crew.close());

class Wasm implements WasmBackend {
  readonly name = "wasm";
  readonly limits: { readonly maxBufferBytes: number; readonly maxBytes: number };
  readonly kernels: Kernels & FusedKernels;
  readonly #reason: string | undefined;
  readonly #crew: Crew | undefined;
  #memory: WasmMemory | undefined;

  constructor(
    readonly variant: Variant,
    readonly notes: readonly string[],
    maxBytes: number,
    memory: WasmMemory,
    exports: Exports,
    crew: Crew | undefined,
    reason: string | undefined,
  ) {
    const limit = Math.min(maxBytes, MAX_BYTES[memory.bits]);
    this.limits = { maxBufferBytes: Math.min(limit, MAX_BUFFER_BYTES), maxBytes: limit };
    const runner = crew ?? oneThread(exports, afterKernel(variant));
    const multiply = product(runner, memory, exports.matmul_scratch);
    const scratch = {
      linearPacked: exports.linear_packed_scratch,
      attention: exports.attention_scratch,
      attentionGrad: exports.attention_grad_scratch,
    };
    this.kernels = {
      ...kernels(runner, memory, multiply),
      ...fusedKernels(runner, memory, multiply, scratch),
    };
    this.#memory = memory;
    this.#crew = crew;
    this.#reason = reason;
    if (crew) forgotten.register(this, crew, crew);
  }

  get memory(): MemoryUse {
    return this.#memory?.use ?? { buffers: 0, bytes: 0, peakBytes: 0 };
  }

  get threads(): number {
    return this.#crew?.threads ?? 1;
  }

  get threadsReason(): string | undefined {
    return this.#crew?.reason ?? this.#reason;
  }

  async startThreads(): Promise<void> {
    await this.#crew?.start();
  }

  alloc(elements: number, dtype: DType): BufferId {
    return this.#live().alloc(elements, dtype);
  }

  free(buffer: BufferId): void {
    this.#live().free(buffer);
  }

  write(buffer: BufferId, data: ArrayLike<number>): void {
    this.#live().write(buffer, data);
  }

  async read(buffer: BufferId): Promise<TypedArray> {
    return this.#live().read(buffer);
  }

  /** Forgets all buffers and ends the threads; the engine takes the memory back when nothing refers to the backend. */
  [Symbol.dispose](): void {
    this.#memory?.close();
    this.#memory = undefined;
    if (!this.#crew) return;
    this.#crew.close();
    forgotten.unregister(this.#crew);
  }

  /** Whether a small product is right on this machine. */
  proves(): boolean {
    return proves(this.#live(), this.kernels);
  }

  #live(): WasmMemory {
    if (!this.#memory)
      throw new Error("wasm: this backend was disposed; make a new one with wasm()");
    return this.#memory;
  }
}

/** Whether a product of (13, 31) · (31, 17) is right, against float64. Leaves nothing allocated. */
function proves(memory: WasmMemory, { matmul }: Kernels): boolean {
  const [m, k, n] = [13, 31, 17];
  const operand = (rows: number, columns: number): Dense => {
    const buffer = memory.alloc(rows * columns, "f32");
    memory.write(
      buffer,
      Array.from({ length: rows * columns }, (_, i) => Math.sin(i * columns)),
    );
    return { buffer, shape: [rows, columns], dtype: "f32" };
  };
  const operands = [operand(m, n), operand(m, k), operand(k, n)] as const;
  const [c, a, b] = operands;
  matmul(c, a, b, { batch: 1, m, k, n, transposeA: false, transposeB: false });
  const [z, x, y] = operands.map(({ buffer }) => memory.read(buffer)) as [
    TypedArray,
    TypedArray,
    TypedArray,
  ];
  for (const { buffer } of operands) memory.free(buffer);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += x[i * k + p]! * y[p * n + j]!;
      if (!(Math.abs(sum - z[i * n + j]!) < 1e-4)) return false;
    }
  return true;
}
