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
/**
 * … and that are not twice as wide as high: 384 × 1536 × 2048 ran at 173 GFLOP/s shared by columns, at 97 by rows, where each
 * part reads all panels; 768 × 384 × 128 at 196 by rows, at 184 when each part packed its own (two threads, wide).
 */
const WIDEST = 2;
/** Cuts of such rows: every variant's tiles have a divisor of so many. */
const TILE_ROWS = 12;
/** A part of fewer rows reads the panels too often. */
const LEAST_ROWS = 24;

/** What becomes of a product C (m, n): act(C + plus) + residual. Addresses, or 0 for what there is not. */
export interface Epilogue {
  readonly plus: number;
  /** Bytes from a row of `plus` to the next: 0 for a bias (n), else 4n for a matrix, which may be the result itself. */
  readonly ldplus: number;
  /** See ACTIVATION in codes.ts. */
  readonly act: number;
  /** Where act′(C + plus) goes. */
  readonly slope: number;
  readonly residual: number;
}

export const PLAIN: Epilogue = { plus: 0, ldplus: 0, act: 0, slope: 0, residual: 0 };

/** With an epilogue that has more than `plus`, `batch` is 1. */
export type Product = (
  out: number,
  a: number,
  b: number,
  batch: number,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean,
  epilogue?: Epilogue,
) => void;

/** The arguments of matmul_f32, in order (assembly/matmul_f32.ts). */
const ARGUMENTS = [
  ...(["out", "a", "b", "plus", "ldplus", "act", "slope", "residual"] as const),
  ...(["batch", "m", "k", "n", "transposeA", "transposeB"] as const),
  ...(["r0", "r1", "c0", "c1", "panels", "scratch"] as const),
];
const stepsOf = (steps: { readonly [K in (typeof ARGUMENTS)[number]]?: number }) =>
  ARGUMENTS.map((name) => steps[name] ?? 0);

const { own, first, last, count } = STEP;
const BY_ROWS = stepsOf({ r0: first, r1: last, scratch: own });
const BY_COLUMNS = stepsOf({ c0: first, c1: last, scratch: own });
const PACKING = [0, 0, 0, 0, 0, first, last];

/** Matrix products on the threads of `runner`, shared by matrices of the batch, or by rows or columns of the result. */
export function product(
  runner: Runner,
  memory: WasmMemory,
  scratchOf: (panels: number) => number,
): Product {
  const scratch = scratchOf(0);
  const sharedScratch = Math.ceil(scratchOf(1) / 64) * 64;
  const multiply: Product = (
    out,
    a,
    b,
    batch,
    m,
    k,
    n,
    transposeA,
    transposeB,
    epilogue = PLAIN,
  ) => {
    if (batch === 0 || m === 0 || n === 0) return;
    const { plus, ldplus, act, slope, residual } = epilogue;
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
          1,
          m,
          k,
          n,
          transposeA,
          transposeB,
          ldplus ? { ...epilogue, plus: plus + i * bytesC } : epilogue,
        );
      return;
    }
    const ta = transposeA ? 1 : 0;
    const tb = transposeB ? 1 : 0;
    const operands = [out, a, b, plus, ldplus, act, slope, residual];
    const whole = [...operands, batch, m, k, n, ta, tb, 0, m, 0, n];
    const panelBytes = Math.ceil(((n + 15) * k * 4) / 64) * 64;
    if (
      batch === 1 &&
      !few &&
      n > 1 &&
      m >= 2 * LEAST_ROWS &&
      k > 0 &&
      n < WIDEST * m &&
      panelBytes <= PANELS &&
      runner.shares(one)
    ) {
      const panels = memory.spare(panelBytes + runner.threads * sharedScratch);
      if (panels !== undefined) {
        runner.run("matmul_pack_f32", [panels, b, k, n, tb, 0, n], {
          units: n,
          block: TILE,
          nanoseconds: (k * n) / 4,
          steps: PACKING,
        });
        runner.run("matmul_f32", [...whole, panels, panels + panelBytes], {
          units: m,
          block: TILE_ROWS,
          most: Math.floor(m / LEAST_ROWS),
          nanoseconds: one,
          steps: BY_ROWS,
          kept: panelBytes,
          scratch: sharedScratch,
        });
        return;
      }
    }
    const args = [...whole, 0, memory.scratch(scratch)];
    const nanoseconds = batch * one;
    if (batch > 1)
      runner.run("matmul_f32", args, {
        units: batch,
        block: 1,
        nanoseconds,
        steps: stepsOf({
          out: bytesC,
          a: bytesA,
          b: bytesB,
          plus: ldplus ? bytesC : 0,
          batch: count,
          scratch: own,
        }),
        scratch,
      });
    else if (n >= m || (few && n > 1)) {
      const most = few ? undefined : Math.floor(n / LEAST);
      const split = { units: n, block: TILE, most, nanoseconds, steps: BY_COLUMNS, scratch };
      runner.run("matmul_f32", args, split);
    } else {
      const most = n === 1 ? undefined : Math.floor(m / LEAST);
      const split = { units: m, block: TILE, most, nanoseconds, steps: BY_ROWS, scratch };
      runner.run("matmul_f32", args, split);
    }
  };
  return multiply;
}
