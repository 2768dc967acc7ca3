import type { WebGPUBackend } from "@muladd/backend-webgpu";
import type { Backend, Dense } from "@muladd/tensor";
import { type KernelProfile, profileKernels } from "./kernels.ts";
import { type Contestant, settle, type Timing, timeRounds } from "./rounds.ts";

export type Mode = "NN" | "NT" | "TN";

/** C (m, n) = A · B with k products an element. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/**
 * Products of GPTs: of width 384 and 768, of GPT-2's head over its vocabulary, a cube, and those of `nanogpt-cpu`, whose
 * 768 rows are a batch of 12 contexts of 64.
 */
export const products: readonly Product[] = [
  { m: 512, n: 384, k: 384 },
  { m: 512, n: 1536, k: 384 },
  { m: 512, n: 384, k: 1536 },
  { m: 256, n: 50257, k: 768 },
  { m: 2048, n: 768, k: 768 },
  { m: 2048, n: 768, k: 3072 },
  { m: 1024, n: 1024, k: 1024 },
  { m: 768, n: 384, k: 128 },
  { m: 768, n: 512, k: 128 },
  { m: 768, n: 128, k: 512 },
];

const cube = (size: number): Product => ({ m: size, n: size, k: size });

/** Of GPUs, and small ones for an adapter that is a CPU. */
export const productsOnDevice = (software: boolean): readonly Product[] =>
  software
    ? [cube(256), cube(512), ...products.filter(({ m, n, k }) => m * n * k < 2 ** 27)]
    : [...[1024, 2048, 4096].map(cube), ...products.filter((p) => p.m !== p.n)];

/** As a linear layer has them: x·W of a gradient, x·Wᵀ of a forward pass, xᵀ·g of a weight's gradient. */
export const modes: readonly Mode[] = ["NN", "NT", "TN"];

const flop = ({ m, n, k }: Product): number => 2 * m * n * k;

export interface MatmulRow extends Product {
  readonly mode: Mode;
  /** Absent when the product was left out. */
  readonly timing?: Timing;
  /** 2·m·n·k in 10⁹ a second, of the median and of the shortest time. */
  readonly gflops?: number;
  readonly bestGflops?: number;
  /** Why it was left out. */
  readonly skipped?: string;
}

/** Operands of one product in device memory; the modes share them, since what they hold does not matter. */
class Operands implements Disposable {
  readonly #backend: Backend;
  readonly #buffers: number[] = [];
  readonly #out: Dense;
  readonly #a: Dense;
  readonly #b: Dense;

  constructor(
    backend: Backend,
    readonly product: Product,
  ) {
    this.#backend = backend;
    const { m, n, k } = product;
    const dense = (rows: number, columns: number): Dense => {
      const buffer = backend.alloc(rows * columns, "f32");
      this.#buffers.push(buffer);
      const d = { buffer, shape: [rows, columns], dtype: "f32" } as const;
      backend.kernels.fill(d, -1, 2 / (rows * columns));
      return d;
    };
    [this.#out, this.#a, this.#b] = [dense(m, n), dense(m, k), dense(k, n)];
  }

  contestant(mode: Mode): Contestant {
    const backend = this.#backend;
    const dims = {
      ...this.product,
      batch: 1,
      transposeA: mode === "TN",
      transposeB: mode === "NT",
    };
    return {
      run: (times) => {
        for (let i = 0; i < times; i++) backend.kernels.matmul(this.#out, this.#a, this.#b, dims);
        return settle(backend);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) this.#backend.free(buffer);
  }
}

export interface MatmulOptions {
  readonly seconds: number;
  readonly shapes?: readonly Product[];
  readonly shortest?: number;
  readonly onRound?: (round: number) => void;
}

/** Measures the matmul kernel in every mode at every shape; what would take longer than all the time given is left out. */
export async function benchMatmul(
  backend: Backend,
  { seconds, shapes = products, shortest, onRound }: MatmulOptions,
): Promise<MatmulRow[]> {
  const rate = await matmulRate(backend, Math.min(seconds, 0.1));
  const runs = (p: Product) => flop(p) / rate < seconds;
  const operands: Operands[] = [];
  try {
    const entries = shapes.filter(runs).flatMap((p) => {
      const o = new Operands(backend, p);
      operands.push(o);
      return modes.map((mode) => ({ product: p, mode, contestant: o.contestant(mode) }));
    });
    const timings = await timeRounds(
      entries.map((e) => e.contestant),
      { seconds, ...(shortest ? { shortest } : {}), ...(onRound ? { onRound } : {}) },
    );
    const found = new Map(
      entries.map((e, i) => [`${shapes.indexOf(e.product)} ${e.mode}`, timings[i]!]),
    );
    return shapes.flatMap((p, i) =>
      modes.map((mode): MatmulRow => {
        const timing = found.get(`${i} ${mode}`);
        if (!timing)
          return { ...p, mode, skipped: `one would take ${Math.ceil(flop(p) / rate)} s` };
        const of = (ms: number) => flop(p) / ms / 1e6;
        return { ...p, mode, timing, gflops: of(timing.median), bestGflops: of(timing.min) };
      }),
    );
  } finally {
    for (const o of operands) o[Symbol.dispose]();
  }
}

/** FLOP/s of one product (NN), measured in about `seconds`: of the median time. */
export async function matmulRate(
  backend: Backend,
  seconds: number,
  product: Product = { m: 256, n: 256, k: 128 },
): Promise<number> {
  using operands = new Operands(backend, product);
  const [timing] = await timeRounds([operands.contestant("NN")], { seconds });
  return flop(product) / (timing!.median / 1000);
}

/** Kernels of every product in every mode, once each; `backend` was made with `profile`. */
export async function profileMatmul(
  backend: WebGPUBackend,
  shapes: readonly Product[],
): Promise<KernelProfile> {
  const all = async () => {
    for (const product of shapes) {
      using operands = new Operands(backend, product);
      for (const mode of modes) await operands.contestant(mode).run(1);
    }
  };
  await all(); // compiles the kernels
  return await profileKernels(backend, 1, all);
}
