import type { Backend } from "./backend.ts";
import { forbidWhileRecording, notify } from "./dispatch.ts";
import { ShapeError } from "./errors.ts";
import { expand } from "./functions.ts";
import { leave } from "./scope.ts";
import { broadcastStrides, denseStrides, sameShape, show } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** A cell whose value may be replaced: an optimizer's moment, a cache. Outlives every scope; its owner disposes it. */
export class Variable extends Tensor {
  /** Shares the memory of `initial`, which may be disposed. */
  constructor(initial: Tensor) {
    super(initial.storage, initial.shape, initial.dtype);
    leave(this);
  }

  /** Takes the value of `next`, of equal shape and dtype. Throws while an observer records. */
  assign(next: Tensor): void {
    forbidWhileRecording("assign");
    if (!sameShape(this.shape, next.shape) || this.dtype !== next.dtype)
      throw new ShapeError(
        `assign: ${next.dtype} ${show(next.shape)} does not fit ${this.dtype} ${show(this.shape)}`,
      );
    this.swap(next);
  }

  /** Uploads `data`, in row-major order, as the new value. */
  write(data: ArrayLike<number>): void {
    using next = Tensor.from(this.backend, data, this.shape, this.dtype);
    this.assign(next);
  }

  /**
   * Writes `x` into this cell's memory from index `start` of `axis`: all other axes are equal. In place, so that a
   * cache of S positions costs one position per token; a cell whose memory another tensor shares is copied first.
   * Throws {@link ShapeError} when `x` does not fit, and Error while an observer records.
   */
  store(x: Tensor, axis: number, start: number): void {
    forbidWhileRecording("store");
    const fits =
      x.shape.length === this.shape.length &&
      x.shape.every((d, i) => (i === axis ? start + d <= this.shape[i]! : d === this.shape[i]));
    if (!fits || start < 0 || x.dtype !== this.dtype)
      throw new ShapeError(
        `store: ${show(x.shape)} at ${start} of axis ${axis} does not fit ${show(this.shape)}`,
      );
    if (!this.exclusive) {
      using own = expand(this, this.shape);
      this.swap(own);
    }
    const strides = denseStrides(this.shape);
    const { buffer, dtype } = this;
    this.backend.kernels.copy(
      { buffer, dtype, shape: x.shape, strides, offset: start * strides[axis]! },
      {
        buffer: x.buffer,
        dtype,
        shape: x.shape,
        strides: broadcastStrides(x.shape, x.shape),
        offset: 0,
      },
    );
    notify({ op: "store", inputs: [this, x], attrs: { axis, start }, outs: [this] });
  }

  /** True when no other handle shares this cell's memory, so that a kernel may write it in place. */
  get exclusive(): boolean {
    return this.storage.owners === 1;
  }
}

/** A named cell that training moves: found in a model by walking its fields. */
export class Parameter extends Variable {
  /** A parameter holding `data`, in row-major order. */
  static of(backend: Backend, data: ArrayLike<number>, shape: readonly number[]): Parameter {
    using t = Tensor.from(backend, data, shape, "f32");
    return new Parameter(t);
  }
}
