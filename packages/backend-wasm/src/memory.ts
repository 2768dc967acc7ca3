import {
  type BufferId,
  type DType,
  type MemoryUse,
  OutOfMemoryError,
  type TypedArray,
} from "@muladd/tensor";
import { Arena, type Block } from "./arena.ts";
import { type Bits, type Linear, PAGE } from "./linear.ts";

/** Grown by a quarter, within these bounds, since each growth detaches every view. */
const MIN_STEP = 16 * PAGE;
const MAX_STEP = 1024 * PAGE;
/** Kernels may read a vector past an operand. */
const MARGIN = 64;
/** Kernels count elements in signed words, so a buffer has fewer than 2^31. */
export const MAX_BUFFER_BYTES = 2 ** 33 - 64;
/** The module's constants lie at the bottom of page 0, tables of arguments in its upper half, then what threads share. */
export const TABLE = PAGE / 2;

interface Buffer {
  readonly block: Block;
  readonly elements: number;
  readonly dtype: DType;
}

/** One `WebAssembly.Memory`: page 0 for the module, then an arena of buffers and scratch. */
export class WasmMemory {
  readonly wasm: WebAssembly.Memory;
  readonly #linear: Linear;
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #arena = new Arena(PAGE);
  readonly #buffers = new Map<BufferId, Buffer>();
  #lastId = 0;
  #bytes = 0;
  #peakBytes = 0;
  #scratch: Block | undefined;
  #words: Int32Array;

  constructor(name: string, maxBytes: number, linear: Linear) {
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#linear = linear;
    this.wasm = linear.wasm;
    this.#words = new Int32Array(this.wasm.buffer, TABLE, PAGE / 16);
  }

  get bits(): Bits {
    return this.#linear.bits;
  }

  get use(): MemoryUse {
    return { buffers: this.#buffers.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  /** The table of arguments, as words. Valid until the next allocation. */
  get words(): Int32Array {
    if (this.#words.length === 0) this.#words = new Int32Array(this.wasm.buffer, TABLE, PAGE / 16);
    return this.#words;
  }

  /** Writes a number as entry `index` of a table whose entries are as wide as addresses. */
  put(index: number, value: number): void {
    const { words } = this;
    if (this.#linear.bits === 32) words[index] = value;
    else {
      words[2 * index] = value; // the lower 32 bits
      words[2 * index + 1] = Math.floor(value / 2 ** 32);
    }
  }

  alloc(elements: number, dtype: DType): BufferId {
    const block = this.#take(elements * 4);
    this.#buffers.set(++this.#lastId, { block, elements, dtype });
    this.#bytes += elements * 4;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return this.#lastId;
  }

  free(id: BufferId): void {
    const buffer = this.#buffers.get(id);
    if (!buffer) throw this.#unknown(id, "free");
    this.#buffers.delete(id);
    this.#bytes -= buffer.elements * 4;
    this.#arena.give(buffer.block);
  }

  /** Where a buffer lies, in bytes. */
  address(id: BufferId): number {
    const buffer = this.#buffers.get(id);
    if (!buffer) throw this.#unknown(id, "use");
    return buffer.block.start;
  }

  /** A window onto a buffer. Valid until the next allocation. */
  view(id: BufferId): Float32Array | Int32Array {
    const buffer = this.#buffers.get(id);
    if (!buffer) throw this.#unknown(id, "use");
    const { block, elements, dtype } = buffer;
    return dtype === "i32"
      ? new Int32Array(this.wasm.buffer, block.start, elements)
      : new Float32Array(this.wasm.buffer, block.start, elements);
  }

  write(id: BufferId, data: ArrayLike<number>): void {
    const view = this.view(id);
    if (data.length > view.length)
      throw new RangeError(
        `${this.#name}: ${data.length} numbers do not fit buffer ${id} of ${view.length}`,
      );
    view.set(data);
  }

  read(id: BufferId): TypedArray {
    return this.view(id).slice();
  }

  /** The address of at least `bytes` that a kernel may use until the next call. Kept, and enlarged when needed. */
  scratch(bytes: number): number {
    if (this.#scratch && this.#scratch.bytes >= bytes) return this.#scratch.start;
    if (this.#scratch) this.#arena.give(this.#scratch);
    this.#scratch = undefined;
    this.#scratch = this.#take(bytes);
    return this.#scratch.start;
  }

  /** {@link scratch}, or `undefined` where there is no room: for kernels that also work with less. */
  spare(bytes: number): number | undefined {
    try {
      return this.scratch(bytes);
    } catch (error) {
      if (error instanceof OutOfMemoryError) return undefined;
      throw error;
    }
  }

  /** Forgets all buffers: from now on every use of one throws. */
  close(): void {
    this.#buffers.clear();
    this.#bytes = 0;
  }

  #take(bytes: number): Block {
    const block =
      bytes <= MAX_BUFFER_BYTES ? this.#arena.take(bytes, (top) => this.#reserve(top)) : undefined;
    if (block) return block;
    const mega = (n: number) => (n / 1e6).toFixed(1);
    throw new OutOfMemoryError(
      this.#name,
      bytes,
      `${mega(this.#bytes)} MB are in use, of at most ${mega(this.#maxBytes)} MB`,
    );
  }

  /** Makes addresses below `top` usable: in large steps, else just as far as needed. */
  #reserve(top: number): boolean {
    if (top - PAGE > this.#maxBytes) return false;
    const held = this.wasm.buffer.byteLength;
    const missing = Math.ceil((top + MARGIN - held) / PAGE);
    if (missing <= 0) return true;
    const wanted = Math.ceil((this.#maxBytes + MARGIN) / PAGE + 1) * PAGE;
    const most = Math.min(this.#linear.most, wanted);
    const step = Math.min(MAX_STEP, Math.max(MIN_STEP, held / 4));
    const generous = Math.min((most - held) / PAGE, Math.max(missing, Math.ceil(step / PAGE)));
    return this.#grow(generous) || this.#grow(missing);
  }

  #grow(pages: number): boolean {
    try {
      this.#linear.grow(pages);
      return this.wasm.buffer.byteLength > 0;
    } catch {
      return false;
    }
  }

  #unknown(id: BufferId, verb: string): Error {
    return new Error(
      id > 0 && id <= this.#lastId
        ? `${this.#name}: cannot ${verb} buffer ${id}: it was freed already`
        : `${this.#name}: cannot ${verb} buffer ${id}: it is not one of this backend's`,
    );
  }
}
