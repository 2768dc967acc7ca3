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

export interface WasmOptions {
  /** Bytes that buffers and scratch may take together; default and most 4 GiB, what 32-bit addresses reach. */
  readonly maxBytes?: number;
  /** "auto" (default): relaxed where the engine has it and it proves right, else simd. */
  readonly variant?: "auto" | Variant;
}

export interface WasmBackend extends Backend {
  /** Which module runs. Results are the same bits on every run of one variant on one machine. */
  readonly variant: Variant;
}

/**
 * A backend on one thread of this process or page, in WebAssembly with SIMD. Kernels have run when a call returns.
 * Throws BackendUnavailable, with the reason and the remedy, where WebAssembly SIMD is missing, the page's policy refuses
 * the module, or `variant` asks for what the engine lacks; RangeError when `maxBytes` is not a positive number.
 */
export async function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  const { maxBytes = MAX_BYTES, variant: wanted = "auto" } = options;
  if (!(maxBytes > 0)) throw new RangeError(`wasm: maxBytes ${maxBytes} is not a positive number`);
  const found = features();
  if (!found.simd)
    throw new BackendUnavailable(
      "wasm",
      typeof WebAssembly === "object"
        ? "the engine has no WebAssembly SIMD"
        : "there is no WebAssembly",
      "use Node 20 or later, or a browser of 2023 or later",
    );
  if (wanted === "relaxed" && !found.relaxedSimd)
    throw new BackendUnavailable(
      "wasm",
      "the engine has no relaxed SIMD",
      'use variant "auto" or "simd", or Node 22 or later (Node 20: node --experimental-wasm-relaxed-simd)',
    );
  if (wanted !== "simd" && found.relaxedSimd) {
    const backend = await start("relaxed", maxBytes);
    if (backend.proves()) return backend;
    if (wanted === "relaxed")
      throw new BackendUnavailable(
        "wasm",
        "the relaxed module computed a wrong product on this machine",
        'use variant "simd", and report the machine and engine',
      );
  }
  return start("simd", maxBytes);
}

async function start(variant: Variant, maxBytes: number): Promise<Wasm> {
  const module = await compile(variant);
  const memory = new WasmMemory("wasm", maxBytes, createMemory());
  return new Wasm(variant, maxBytes, memory, instantiate(module, memory.wasm));
}

class Wasm implements WasmBackend {
  readonly name = "wasm";
  readonly limits: { readonly maxBufferBytes: number };
  readonly kernels: Kernels & FusedKernels;
  #memory: WasmMemory | undefined;

  constructor(
    readonly variant: Variant,
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
