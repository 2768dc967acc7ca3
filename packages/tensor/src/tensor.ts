import type { Backend, BufferId, Dense, DType, TypedArray } from "./backend.ts";
import { ShapeError } from "./errors.ts";
import { trackLeak, untrackLeak } from "./leaks.ts";
import { enter, leave } from "./scope.ts";
import { type Shape, show, size } from "./shape.ts";

// Browsers without explicit resource management lack the symbol; here, since a bare import would be dropped.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");

/** Device memory, shared by every tensor that views it; freed with the last of them. */
class Storage {
  owners = 0;
  constructor(
    readonly backend: Backend,
    readonly buffer: BufferId,
  ) {}
}

/** A dense row-major array on a backend. Immutable; owns a share of its memory until disposed. */
export class Tensor implements Dense, Disposable {
  #storage: Storage | undefined;

  /** @internal Use {@link Tensor.from}, a verb, or {@link share}. */
  constructor(
    storage: Storage,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {
    storage.owners++;
    this.#storage = storage;
    enter(this);
    trackLeak(this);
  }

  /** @internal Memory whose contents the caller's kernel will write. */
  static alloc(backend: Backend, shape: Shape, dtype: DType): Tensor {
    return new Tensor(new Storage(backend, backend.alloc(size(shape), dtype)), shape, dtype);
  }

  /** Uploads `data` in row-major order. Throws {@link ShapeError} when their counts differ. */
  static from(
    backend: Backend,
    data: ArrayLike<number>,
    shape: Shape = [data.length],
    dtype: DType = data instanceof Int32Array ? "i32" : "f32",
  ): Tensor {
    if (data.length !== size(shape))
      throw new ShapeError(
        `Tensor.from: ${data.length} numbers do not fill the shape ${show(shape)}`,
      );
    const t = Tensor.alloc(backend, shape, dtype);
    backend.write(t.buffer, data);
    return t;
  }

  /** @internal Throws Error after the tensor was disposed, as do the two below. */
  get storage(): Storage {
    if (!this.#storage)
      throw new Error(
        `a tensor of shape ${show(this.shape)} was used after it was disposed; ` +
          "return it from tidy, or keep() it, to use it later",
      );
    return this.#storage;
  }
  get backend(): Backend {
    return this.storage.backend;
  }
  get buffer(): BufferId {
    return this.storage.buffer;
  }
  get disposed(): boolean {
    return this.#storage === undefined;
  }

  /** Copies the values to the host, in row-major order. The only place where a program waits for the device. */
  data(): Promise<TypedArray> {
    return this.backend.read(this.buffer);
  }

  /** The value of a one-element tensor. Throws {@link ShapeError} for any other. */
  async item(): Promise<number> {
    if (size(this.shape) !== 1)
      throw new ShapeError(
        `item: a tensor of shape ${show(this.shape)} has not one element; use data()`,
      );
    return (await this.data())[0]!;
  }

  /** @internal Takes over the storage of `next`. */
  protected swap(next: Tensor): void {
    const storage = next.storage;
    storage.owners++;
    this.release();
    this.#storage = storage;
  }

  protected release(): void {
    const storage = this.#storage;
    this.#storage = undefined;
    if (storage && --storage.owners === 0) storage.backend.free(storage.buffer);
  }

  /** Gives up this handle's share of the memory. Disposing twice is harmless. */
  [Symbol.dispose](): void {
    this.release();
    leave(this);
    untrackLeak(this);
  }
}

/** A second handle on the same memory, for an owner with a life of its own. */
export const share = (t: Tensor): Tensor => new Tensor(t.storage, t.shape, t.dtype);
