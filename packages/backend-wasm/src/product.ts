import type { Runner } from "./crew.ts";
import type { WasmMemory } from "./memory.ts";
import { STEP } from "./split.ts";

/** Parts of a product begin at multiples of this: every variant's tiles divide it. */
const TILE = 48;
/** A part of fewer rows or columns spends its time on packing the other operand again. */
const LEAST = 96;
/** What a core does at least, GFLOP/s and GB/s: for the estimate of a product's time. */
const GFLOPS = 40;
const GBPS = 15;
/** Up to so many rows the right operand is read as it lies (assembly/matmul_f32.ts). */
const FEW_ROWS = 6;

export type Product = (
  out: number,
  a: number,
  b: number,
  bias: number,
  batch: number,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean,
) => void;

/** Matrix products on the threads of `runner`, shared by matrices of the batch, or by rows or columns of the result. */
export function product(runner: Runner, memory: WasmMemory, scratchBytes: number): Product {
  const { own, first, last, count } = STEP;
  const multiply: Product = (out, a, b, bias, batch, m, k, n, transposeA, transposeB) => {
    if (batch === 0 || m === 0 || n === 0) return;
    const few = m === 1 || (m <= FEW_ROWS && !transposeA);
    const one = Math.max((2 * m * n * k) / GFLOPS, few || n === 1 ? (4 * k * n * m) / GBPS / m : 0);
    const [bytesA, bytesB, bytesC] = [m * k * 4, k * n * 4, m * n * 4];
    // Too few matrices to go round, and each worth sharing.
    if (batch > 1 && batch < 2 * runner.threads && one > 200_000) {
      for (let i = 0; i < batch; i++)
        multiply(
          out + i * bytesC,
          a + i * bytesA,
          b + i * bytesB,
          bias,
          1,
          m,
          k,
          n,
          transposeA,
          transposeB,
        );
      return;
    }
    const scratch = memory.scratch(scratchBytes);
    const ta = transposeA ? 1 : 0;
    const tb = transposeB ? 1 : 0;
    const args = [out, a, b, bias, batch, m, k, n, ta, tb, 0, m, 0, n, scratch];
    const rest = { nanoseconds: batch * one, scratch: scratchBytes };
    if (batch > 1)
      runner.run("matmul_f32", args, {
        ...rest,
        units: batch,
        block: 1,
        steps: [bytesC, bytesA, bytesB, 0, count, 0, 0, 0, 0, 0, 0, 0, 0, 0, own],
      });
    else if (n >= m || (few && n > 1))
      runner.run("matmul_f32", args, {
        ...rest,
        units: n,
        block: TILE,
        most: few ? undefined : Math.floor(n / LEAST),
        steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, own],
      });
    else
      runner.run("matmul_f32", args, {
        ...rest,
        units: m,
        block: TILE,
        most: n === 1 ? undefined : Math.floor(m / LEAST),
        steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, 0, 0, own],
      });
  };
  return multiply;
}
