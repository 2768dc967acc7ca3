import type {
  Backend,
  BufferId,
  DType,
  FusedKernels,
  Kernels,
  MemoryUse,
  TypedArray,
} from "@muladd/tensor";
import { type Facts, type Opened, openDevice, openedWith, PREFERRED } from "./adapter.ts";
import { context, type Tuning } from "./context.ts";
import { DeviceLostError, Failure } from "./failure.ts";
import { kernels } from "./kernels/index.ts";
import { GPUMemory } from "./memory.ts";
import { type KernelTime, Profiler } from "./profiler.ts";
import { BATCH, type Counts, Queue } from "./queue.ts";

export interface WebGPUOptions {
  /** Where adapters come from. Default: `navigator.gpu`, and in Node the npm package `webgpu`. */
  readonly gpu?: GPU;
  /** A device to share, with its owner's limits and features; it is not destroyed with the backend. */
  readonly device?: GPUDevice;
  readonly powerPreference?: GPUPowerPreference;
  /** Bytes that buffers may take together. Default: as many as the device has. */
  readonly maxBytes?: number;
  /**
   * "f16": products multiply halves and add in f32, where the adapter has shader-f16: faster, and good to 2⁻¹⁰ of their
   * operands. Default "f32".
   */
  readonly products?: "f32" | "f16";
  /** Times every dispatch, which slows the whole: see {@link WebGPUBackend.profile}. */
  readonly profile?: boolean;
}

export interface WebGPUBackend extends Backend {
  readonly facts: Facts;
  /** To share with a renderer, or to destroy. */
  readonly device: GPUDevice;
  /** Why something that was asked for is not in use, in words. */
  readonly notes: readonly string[];
  readonly counts: Counts;
  /** Submits what was recorded, so that the device works on while the host does other things. */
  flush(): void;
  /** Time by kernel since the last call, longest first; empty unless `profile` was asked for and can be had. */
  profile(): Promise<readonly KernelTime[]>;
}

/**
 * A backend on the GPU. Kernels are recorded and submitted in batches; only `read` waits. Whatever goes wrong on the device
 * (a lost device: {@link DeviceLostError}; no memory: OutOfMemoryError with the bytes asked for; a shader that does not
 * compile) rejects every later read. Throws BackendUnavailable, with the reason and the remedy, where there is no WebGPU or
 * no adapter; RangeError when `maxBytes` is not a positive number.
 */
export function webgpu(options: WebGPUOptions = {}): Promise<WebGPUBackend> {
  return open(options);
}

/** `webgpu()`, with a say in how kernels are written: for tests. */
export async function open(
  options: WebGPUOptions,
  tuning: Partial<Tuning> = {},
): Promise<WebGPUBackend> {
  const { gpu, device, powerPreference = PREFERRED, maxBytes = Infinity } = options;
  if (!(maxBytes > 0))
    throw new RangeError(`webgpu: maxBytes ${maxBytes} is not a positive number`);
  const opened: Opened = device ? openedWith(device, gpu) : await openDevice(gpu, powerPreference);
  const { facts } = opened;
  const notes: string[] = [];
  const halfProducts = options.products === "f16" && facts.f16;
  if (options.products === "f16" && !facts.f16)
    notes.push("f16 products: the adapter has no shader-f16, so they run in f32");
  const profile = options.profile === true && facts.timestamps;
  if (options.profile && !facts.timestamps)
    notes.push("profile: the adapter has no timestamp-query");
  return new WebGPU(opened, notes, maxBytes, device === undefined, profile, {
    serial: facts.software,
    batch: BATCH,
    ...tuning,
    subgroups: facts.subgroups && (tuning.subgroups ?? true),
    halfProducts,
  });
}

class WebGPU implements WebGPUBackend {
  readonly name = "webgpu";
  readonly limits: { readonly maxBufferBytes: number; readonly maxBytes?: number };
  readonly kernels: Kernels & Partial<FusedKernels>;
  readonly facts: Facts;
  readonly device: GPUDevice;
  // Held for the life of the device: see Opened.
  readonly #opened: Opened;
  readonly #owned: boolean;
  readonly #failure = new Failure();
  readonly #memory: GPUMemory;
  readonly #queue: Queue;
  readonly #profiler: Profiler | undefined;
  readonly #onError: (event: GPUUncapturedErrorEvent) => void;
  #closed = false;

  constructor(
    opened: Opened,
    readonly notes: readonly string[],
    maxBytes: number,
    owned: boolean,
    profile: boolean,
    tuning: Tuning,
  ) {
    const { device, facts } = opened;
    const maxBufferBytes = Math.min(facts.maxBufferBytes, facts.maxBindingBytes, maxBytes);
    this.limits = maxBytes === Infinity ? { maxBufferBytes } : { maxBufferBytes, maxBytes };
    this.facts = facts;
    this.device = device;
    this.#opened = opened;
    this.#owned = owned;
    this.#memory = new GPUMemory(device, this.#failure, { maxBufferBytes, maxBytes }, () =>
      this.#queue.forget(),
    );
    this.#profiler = profile ? new Profiler(device, tuning.batch) : undefined;
    this.#queue = new Queue(device, this.#memory, this.#failure, this.#profiler, tuning.batch);
    this.kernels = kernels(context(facts, tuning, this.#memory, this.#queue));
    this.#onError = ({ error }) => this.#failure.suspect(new Error(`webgpu: ${error.message}`));
    device.addEventListener("uncapturederror", this.#onError);
    void device.lost.then(({ message }) => {
      if (!this.#closed) this.#failure.set(new DeviceLostError(message));
    });
  }

  get memory(): MemoryUse {
    return this.#memory.use;
  }

  get counts(): Counts {
    return this.#queue.counts;
  }

  alloc(elements: number, dtype: DType): BufferId {
    this.#live();
    return this.#memory.alloc(elements, dtype);
  }

  free(buffer: BufferId): void {
    this.#live();
    this.#memory.free(buffer);
  }

  write(buffer: BufferId, data: ArrayLike<number>): void {
    this.#live();
    const { dtype, elements } = this.#memory.get(buffer);
    if (data.length > elements)
      throw new RangeError(`webgpu: ${data.length} numbers do not fit a buffer of ${elements}`);
    this.#queue.write(buffer, hostArray(data, dtype));
  }

  async read(buffer: BufferId): Promise<TypedArray> {
    this.#live();
    const { dtype } = this.#memory.get(buffer);
    const bytes = await this.#queue.read(buffer);
    return dtype === "i32" ? new Int32Array(bytes) : new Float32Array(bytes);
  }

  flush(): void {
    this.#live();
    this.#queue.flush();
  }

  async profile(): Promise<readonly KernelTime[]> {
    this.#live();
    this.#queue.flush();
    return (await this.#profiler?.take()) ?? [];
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.device.removeEventListener("uncapturederror", this.#onError);
    this.#queue.close();
    this.#memory.close();
    this.#profiler?.close();
    if (this.#owned) this.#opened.device.destroy();
  }

  #live(): void {
    if (this.#closed)
      throw new Error("webgpu: this backend was disposed; make a new one with webgpu()");
  }
}

/** `data` as the device takes it: without a copy where it is of that kind already. */
function hostArray(
  data: ArrayLike<number>,
  dtype: DType,
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const Kind = dtype === "i32" ? Int32Array : Float32Array;
  if (data instanceof Kind && data.buffer instanceof ArrayBuffer)
    return data as Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>; // tsc narrows no type arguments
  return Kind.from(data);
}
