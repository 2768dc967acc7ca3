import { type BufferId, type DType, type MemoryUse, OutOfMemoryError } from "@muladd/tensor";
import { usage } from "./constants.ts";
import type { Failure } from "./failure.ts";

/** A piece of device memory, used by one buffer after another. */
export interface Slot {
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly bytes: number;
  /** The last batch that it was recorded in. */
  batch: number;
}

interface Buffer {
  readonly slot: Slot;
  readonly elements: number;
  readonly dtype: DType;
}

const SMALLEST = 256;

/** The bytes of the slot that holds `bytes`: a power of two, or that times 1¼, 1½ or 1¾. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const power = 2 ** Math.floor(Math.log2(bytes));
  const quarter = Math.max(power / 4, SMALLEST);
  return Math.ceil(bytes / quarter) * quarter;
}

/**
 * Buffers, and pools of the slots that back them by size class. A freed slot is reused at once: the queue keeps the order.
 * The one with the lowest id goes first, so that equal steps get equal slots, and cached bind groups fit.
 */
export class GPUMemory {
  readonly #device: GPUDevice;
  readonly #failure: Failure;
  readonly #maxBufferBytes: number;
  readonly #maxBytes: number;
  readonly #buffers = new Map<BufferId, Buffer>();
  readonly #free = new Map<number, Slot[]>();
  readonly #beforeDestroy: () => void;
  #lastBuffer = 0;
  #lastSlot = 0;
  #bytes = 0;
  #peakBytes = 0;
  #held = 0;
  /** Slots made so far. */
  created = 0;

  constructor(
    device: GPUDevice,
    failure: Failure,
    limits: { readonly maxBufferBytes: number; readonly maxBytes: number },
    beforeDestroy: () => void,
  ) {
    this.#device = device;
    this.#failure = failure;
    this.#maxBufferBytes = limits.maxBufferBytes;
    this.#maxBytes = limits.maxBytes;
    this.#beforeDestroy = beforeDestroy;
  }

  get use(): MemoryUse {
    return { buffers: this.#buffers.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  alloc(elements: number, dtype: DType): BufferId {
    const bytes = elements * 4;
    if (bytes > this.#maxBufferBytes)
      throw new OutOfMemoryError(
        "webgpu",
        bytes,
        `this adapter's buffers hold at most ${(this.#maxBufferBytes / 1e6).toFixed(1)} MB`,
      );
    const slot = this.#take(bytes);
    this.#buffers.set(++this.#lastBuffer, { slot, elements, dtype });
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return this.#lastBuffer;
  }

  free(id: BufferId): void {
    const { slot, elements } = this.get(id);
    this.#buffers.delete(id);
    this.#bytes -= elements * 4;
    const pool = this.#free.get(slot.bytes);
    if (!pool) this.#free.set(slot.bytes, [slot]);
    else pool.splice(after(pool, slot.id), 0, slot);
  }

  get(id: BufferId): Buffer {
    const buffer = this.#buffers.get(id);
    if (!buffer)
      throw new Error(`webgpu: there is no buffer ${id}; it was freed, or is another backend's`);
    return buffer;
  }

  slot(id: BufferId): Slot {
    return this.get(id).slot;
  }

  #take(bytes: number): Slot {
    const rounded = Math.min(sizeClass(bytes), Math.max(roundUp(bytes, 16), this.#maxBufferBytes));
    const slot = this.#free.get(rounded)?.pop();
    if (slot) return slot;
    if (this.#held + rounded > this.#maxBytes) {
      this.trim();
      if (this.#held + rounded > this.#maxBytes)
        throw new OutOfMemoryError(
          "webgpu",
          bytes,
          `${(this.#held / 1e6).toFixed(1)} of ${(this.#maxBytes / 1e6).toFixed(1)} MB are in use`,
        );
    }
    return this.#create(rounded, bytes);
  }

  #create(size: number, asked: number): Slot {
    const device = this.#device;
    device.pushErrorScope("out-of-memory");
    const gpu = device.createBuffer({
      size,
      usage: usage.storage | usage.copyFrom | usage.copyTo,
    });
    const held = this.#held;
    this.#failure.watch(
      device.popErrorScope(),
      () =>
        new OutOfMemoryError(
          "webgpu",
          asked,
          `the device holds ${(held / 1e6).toFixed(1)} MB already`,
        ),
    );
    this.#held += size;
    this.created++;
    return { id: ++this.#lastSlot, gpu, bytes: size, batch: 0 };
  }

  /** Destroys the slots that no buffer uses. */
  trim(): void {
    this.#beforeDestroy();
    for (const pool of this.#free.values())
      for (const { gpu, bytes } of pool) {
        gpu.destroy(); // after the work that was submitted
        this.#held -= bytes;
      }
    this.#free.clear();
  }

  close(): void {
    for (const { slot } of this.#buffers.values()) slot.gpu.destroy();
    for (const pool of this.#free.values()) for (const { gpu } of pool) gpu.destroy();
    this.#buffers.clear();
    this.#free.clear();
  }
}

/** Where `id` belongs in a pool sorted from the highest id to the lowest. */
function after(pool: readonly Slot[], id: number): number {
  let [low, high] = [0, pool.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pool[middle]!.id > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;
