import {
  type Backend,
  type Dense,
  type DType,
  denseStrides,
  Rng,
  type Shape,
  size,
  type View,
} from "@muladd/tensor";
import { expect } from "vitest";
import { TUNING, type Tuning } from "../src/crew.ts";
import { features, type Variant, type WasmBackend, wasm } from "../src/index.ts";

// Sets the flags of V8 that there are, so that as many variants as possible are had and wide is what it says.
const asked = await wasm({ wide: true });
for (const note of asked.notes) console.info(`backend-wasm tests: ${note}`);
asked[Symbol.dispose]();

/** The variants that this engine can run; wide also where it is not widened, since its code is the same. */
export const variants: Variant[] = features().relaxedSimd ? ["simd", "relaxed", "wide"] : ["simd"];

/** What is tested kernel by kernel: all, or with MULADD_VARIANT that one, on an engine that is not the only one tested. */
export const tested: Variant[] = variants.filter(
  (variant) => variant === (process.env.MULADD_VARIANT ?? variant),
);

/** Shares every kernel that has two parts among the threads, however small: what `wasm()` would not. */
export const SHARE_ALL: Tuning = { ...TUNING, shareFrom: 0, part: 1e-9 };

/** Operands on a device, and what came out. */
export class Bench {
  readonly backend: Backend;
  readonly rng: Rng;

  constructor(backend: Backend, seed: number) {
    this.backend = backend;
    this.rng = new Rng(seed, "test");
  }

  static async open(variant: Variant, seed = 1): Promise<Bench & { backend: WasmBackend }> {
    return new Bench(await wasm({ variant }), seed) as Bench & { backend: WasmBackend };
  }

  /** Uniform in [−2, 2), as f32 holds them. */
  numbers(n: number, low = -2, high = 2): number[] {
    const [k0, k1] = this.rng.draw().key;
    const rng = Rng.from({ key: [k0, k1 ^ this.rng.draw().counter], counter: 0 });
    return Array.from({ length: n }, () => Math.fround(low + (high - low) * rng.uniform()));
  }

  integer(n: number): number {
    return this.rng.integer(n);
  }

  dense(shape: Shape, data: ArrayLike<number>, dtype: DType = "f32"): Dense {
    const buffer = this.backend.alloc(size(shape), dtype);
    this.backend.write(buffer, data);
    return { buffer, shape, dtype };
  }

  /** An output full of a value that no kernel computes, with a guard behind it. */
  out(shape: Shape, dtype: DType = "f32"): Dense {
    const n = size(shape);
    const buffer = this.backend.alloc(n + GUARD, dtype);
    this.backend.write(buffer, new Array(n + GUARD).fill(UNWRITTEN));
    return { buffer, shape, dtype };
  }

  /** What an output holds; fails when the guard behind it was touched. */
  async read(x: Dense): Promise<number[]> {
    const all = [...(await this.backend.read(x.buffer))];
    const n = size(x.shape);
    for (const v of all.slice(n)) expect(v, "written past the end").toBe(UNWRITTEN);
    return all.slice(0, n);
  }
}

const GUARD = 5;
const UNWRITTEN = -7777;

export const whole = (x: Dense): View => ({ ...x, strides: denseStrides(x.shape), offset: 0 });

/** The worst |a − b| / max(1, |b|); NaN and ∞ must agree. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (Object.is(a, b) || a === b) continue;
    const e = Math.abs(a - b) / Math.max(1, Math.abs(b));
    if (!(e < Number.POSITIVE_INFINITY)) throw new Error(`element ${i}: ${a} instead of ${b}`);
    error = Math.max(error, e);
  }
  return error;
}

/** What f32 arithmetic allows: the target of every kernel on inputs in [−2, 2]. */
export const TOLERANCE = 1e-5;

/** Around the edges of vectors, tiles and blocks. */
export const LENGTHS = [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 33, 64, 257, 1030];
