import type { Backend, PackedFormat, PackedMatrix } from "../backend.ts";
import { recorded } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { full } from "../functions.ts";
import { show } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { Variable } from "../variable.ts";
import { isScaled, pack, packedBytes, packedRow, unpack } from "./formats.ts";

/**
 * A matrix whose numbers take 16, 8 or 4 bits: weights to compute with, not to train. Kernels widen them and calculate in
 * f32. A cell as {@link Variable}: it outlives every scope, and its owner disposes it.
 */
export class Packed implements PackedMatrix, Disposable {
  readonly words: Variable;
  readonly scales: Variable | undefined;

  /** Zeros, which {@link write} replaces. */
  constructor(
    backend: Backend,
    readonly format: PackedFormat,
    readonly shape: readonly [rows: number, columns: number],
  ) {
    const [rows, columns] = shape;
    const { groups, words } = packedRow(format, columns);
    using zeros = full(backend, [rows, words], 0, "i32");
    this.words = new Variable(zeros);
    if (!isScaled(format)) return;
    using none = full(backend, [rows, groups], 0);
    this.scales = new Variable(none);
  }

  get backend(): Backend {
    return this.words.backend;
  }
  /** Device memory that it holds. */
  get byteLength(): number {
    return packedBytes(this.format, this.shape);
  }

  /**
   * Packs `data`, whole rows in row-major order, and uploads it from row `start` on: a large matrix may come in parts.
   * Throws as {@link pack}, and {@link ShapeError} when the rows are not whole or too many.
   */
  write(data: ArrayLike<number>, start = 0): void {
    const [rows, columns] = this.shape;
    const count = columns === 0 ? rows - start : data.length / columns;
    if (!Number.isInteger(count) || start < 0 || start + count > rows)
      throw new ShapeError(
        `Packed.write: ${data.length} numbers from row ${start} on do not fit ${show(this.shape)}`,
      );
    const { words, scales } = pack(this.format, data, count, columns);
    const store = (cell: Variable, part: ArrayLike<number>) => {
      using t = Tensor.from(this.backend, part, [count, cell.shape[1]!], cell.dtype);
      cell.store(t, 0, start);
    };
    store(this.words, words);
    if (this.scales && scales) store(this.scales, scales);
  }

  /** The numbers it stands for, on the host, in row-major order. */
  async data(): Promise<Float32Array> {
    const [words, scales] = await Promise.all([this.words.data(), this.scales?.data()]);
    return unpack(this.format, { words, scales }, this.shape[1]);
  }

  [Symbol.dispose](): void {
    this.words[Symbol.dispose]();
    this.scales?.[Symbol.dispose]();
  }
}

/** The tensors of `weight` for an op named `op`. Throws while a gradient is recorded. */
export function packedOperands(op: string, { format, words, scales }: Packed): Tensor[] {
  if (recorded())
    throw new Error(
      `${op}: the weight is packed as ${format}, and has no gradient; load the model in f32 to train it`,
    );
  return scales ? [words, scales] : [words];
}
