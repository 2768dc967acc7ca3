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

/** Up to so many bytes the right operand is packed once, by all threads together, for products that share their rows. */
const PANELS = 2 ** 24;
/** Cuts of such rows: every variant's tiles have a divisor of so many. */
const TILE_ROWS = 12;
/** A part of fewer rows reads the panels too often. */
const LEAST_ROWS = 24;

/** `plus`: what is added, at an address or 0: with `ldplus` 0 a row of n, with 4n a matrix, which may be `out` itself. */
export type Product = (
  out: number,
  a: number,
  b: number,
  plus: number,
  ldplus: number,
  batch: number,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean,
) => void;

/** Matrix products on the threads of `runner`, shared by matrices of the batch, or by rows or columns of the result. */
export function product(
  runner: Runner,
  memory: WasmMemory,
  scratchOf: (panels: number) => number,
): Product {
  const scratchBytes = scratchOf(0);
  const sharedBytes = Math.ceil(scratchOf(1) / 64) * 64;
  const { own, first, last, count } = STEP;
  const multiply: Product = (out, a, b, plus, ldplus, batch, m, k, n, transposeA, transposeB) => {
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
          plus + (ldplus ? i * bytesC : 0),
          ldplus,
          1,
          m,
          k,
          n,
          transposeA,
          transposeB,
        );
      return;
    }
    const ta = transposeA ? 1 : 0;
    const tb = transposeB ? 1 : 0;
    const rest = { nanoseconds: batch * one, scratch: scratchBytes };
    const whole = [out, a, b, plus, ldplus, batch, m, k, n, ta, tb, 0, m, 0, n];
    const panelBytes = Math.ceil(((n + 15) * k * 4) / 64) * 64;
    if (
      batch === 1 &&
      !few &&
      n > 1 &&
      m >= 2 * LEAST_ROWS &&
      panelBytes <= PANELS &&
      runner.shares(one)
    ) {
      const panels = memory.spare(panelBytes + runner.threads * sharedBytes);
      if (panels !== undefined) {
        runner.run("matmul_pack_f32", [panels, b, k, n, tb, 0, n], {
          units: n,
          block: TILE,
          nanoseconds: (k * n) / 4,
          steps: [0, 0, 0, 0, 0, first, last],
        });
        runner.run("matmul_f32", [...whole, panels, panels + panelBytes], {
          units: m,
          block: TILE_ROWS,
          most: Math.floor(m / LEAST_ROWS),
          nanoseconds: one,
          steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, 0, 0, 0, own],
          kept: panelBytes,
          scratch: sharedBytes,
        });
        return;
      }
    }
    const args = [...whole, 0, memory.scratch(scratchBytes)];
    if (batch > 1)
      runner.run("matmul_f32", args, {
        ...rest,
        units: batch,
        block: 1,
        steps: [
          bytesC,
          bytesA,
          bytesB,
          ldplus ? bytesC : 0,
          0,
          count,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          own,
        ],
      });
    else if (n >= m || (few && n > 1))
      runner.run("matmul_f32", args, {
        ...rest,
        units: n,
        block: TILE,
        most: few ? undefined : Math.floor(n / LEAST),
        steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, 0, own],
      });
    else
      runner.run("matmul_f32", args, {
        ...rest,
        units: m,
        block: TILE,
        most: n === 1 ? undefined : Math.floor(m / LEAST),
        steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, 0, 0, 0, own],
      });
  };
  return multiply;
}
