import type { Dense, DType, MatmulDims } from "@muladd/tensor";
import { expect } from "vitest";
import type { WebGPUBackend, WebGPUOptions } from "../src/webgpu.ts";
import { onShared } from "./harness.ts";
import * as oracle from "./product-oracle.ts";

/** Of the sum of the terms' magnitudes: blocks and trees of f32 sums stay below 8 · 2⁻²³. */
export const ROUNDING = 8 * 2 ** -23;
export const TUNINGS = {
  serial: { serial: true },
  tree: { serial: false, subgroups: false },
  subgroups: { serial: false, subgroups: true },
} as const;

/** A backend that tells which programs ran, and operands for it. */
export class Bench {
  #seed = 1;
  constructor(readonly backend: WebGPUBackend) {}

  static async open(tuning: keyof typeof TUNINGS, options: WebGPUOptions = {}): Promise<Bench> {
    return new Bench(await onShared(TUNINGS[tuning], { profile: true, ...options }));
  }

  /** In [−1, 1), the same in every run. */
  numbers(count: number): Float32Array {
    return Float32Array.from({ length: count }, () => {
      this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
      return this.#seed / 2 ** 31 - 1;
    });
  }

  dense(shape: readonly number[], data?: ArrayLike<number>, dtype: DType = "f32"): Dense {
    const count = shape.reduce((n, d) => n * d, 1);
    const buffer = this.backend.alloc(count, dtype);
    // NaN shows what was left unwritten.
    this.backend.write(buffer, data ?? new Float32Array(count).fill(Number.NaN));
    return { buffer, shape, dtype };
  }

  /** Names of the programs that ran since the last call, or the last product began. */
  async names(): Promise<string[]> {
    return (await this.backend.profile()).map(({ name }) => name);
  }

  async matmul(dims: MatmulDims, rounding = ROUNDING): Promise<number> {
    const { batch, m, k, n, transposeA, transposeB } = dims;
    const [x, y] = [this.numbers(batch * m * k), this.numbers(batch * k * n)];
    const a = this.dense([batch, ...(transposeA ? [k, m] : [m, k])], x);
    const b = this.dense([batch, ...(transposeB ? [n, k] : [k, n])], y);
    const out = this.dense([batch, m, n]);
    await this.names();
    this.backend.kernels.matmul(out, a, b, dims);
    const found = await this.backend.read(out.buffer);
    const { values, magnitudes } = oracle.matmul(x, y, dims);
    let worst = 0;
    for (const [i, expected] of values.entries()) {
      const error = Math.abs(found[i]! - expected) / Math.max(magnitudes[i]!, 1e-30);
      if (!(error <= rounding))
        expect.fail(`${JSON.stringify(dims)}: element ${i} is ${found[i]}, and ${expected}`);
      worst = Math.max(worst, error);
    }
    for (const { buffer } of [a, b, out]) this.backend.free(buffer);
    return worst;
  }
}
