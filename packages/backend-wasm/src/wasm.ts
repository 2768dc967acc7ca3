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
import { fusedKernels } from "./fused.ts";
import { kernels } from "./kernels.ts";
import {
  compile,
  createMemory,
  type Exports,
  features,
  instantiate,
  type Variant,
} from "./load.ts";
import { MAX_BYTES, WasmMemory } from "./memory.ts";
import { allowRelaxed, widen } from "./wide.ts";

export interface WasmOptions {
  /** Bytes that buffers and scratch may take together; default and most 4 GiB, what 32-bit addresses reach. */
  readonly maxBytes?: number;
  /**
   * "auto" (default): with `wide` the wide one where it proves right and faster, else relaxed where the engine has it and
   * it proves right, else simd. A name insists: on that module, right or an error, faster or not.
   */
  readonly variant?: "auto" | Variant;
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
  /** Why a faster variant that was asked for does not run, in words; empty when none was refused. */
  readonly notes: readonly string[];
}

/**
 * A backend on one thread of this process or page, in WebAssembly with SIMD. Kernels have run when a call returns.
 * Throws BackendUnavailable, with the reason and the remedy, where WebAssembly SIMD is missing, the page's policy refuses
 * the module, or `variant` asks for what the engine lacks; RangeError when `maxBytes` is not a positive number.
 */
export async function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  const { maxBytes = MAX_BYTES, variant: wanted = "auto", wide = false } = options;
  if (!(maxBytes > 0)) throw new RangeError(`wasm: maxBytes ${maxBytes} is not a positive number`);
  if (!features().simd)
    throw new BackendUnavailable(
      "wasm",
      typeof WebAssembly === "object"
        ? "the engine has no WebAssembly SIMD"
        : "there is no WebAssembly",
      "use Node 20 or later, or a browser of 2023 or later",
    );
  const notes: string[] = [];
  const open = (variant: Variant) => start(variant, maxBytes, notes);
  if (wide && wanted !== "simd") {
    if (wanted === "relaxed") allowRelaxed();
    else {
      const refused = await widen((variant) => start(variant, maxBytes, []));
      if (!refused) return open("wide");
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
    const backend = await open(variant);
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
  return open("simd");
}

async function start(variant: Variant, maxBytes: number, notes: readonly string[]): Promise<Wasm> {
  const module = await compile(variant);
  const memory = new WasmMemory("wasm", maxBytes, createMemory());
  return new Wasm(variant, notes, maxBytes, memory, instantiate(module, memory.wasm));
}

class Wasm implements WasmBackend {
  readonly name = "wasm";
  readonly limits: { readonly maxBufferBytes: number };
  readonly kernels: Kernels & FusedKernels;
  #memory: WasmMemory | undefined;

  constructor(
    readonly variant: Variant,
    readonly notes: readonly string[],
    maxBytes: number,
    memory: WasmMemory,
    exports: Exports,
  ) {
    this.limits = { maxBufferBytes: Math.min(maxBytes, MAX_BYTES) };
    this.kernels = { ...kernels(exports, memory), ...fusedKernels(exports, memory) };
    this.#memory = memory;
  }

  get memory(): MemoryUse {
    return this.#memory?.use ?? { buffers: 0, bytes: 0, peakBytes: 0 };
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

  /** Forgets all buffers; the engine takes the memory back when nothing refers to the backend. */
  [Symbol.dispose](): void {
    this.#memory?.close();
    this.#memory = undefined;
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
