import { type Dense, type FusedKernels, size } from "@muladd/tensor";
import { ACTIVATION, PACKED } from "./codes.ts";
import type { Runner } from "./crew.ts";
import type { WasmMemory } from "./memory.ts";
import { STEP } from "./split.ts";

/** Parts of the columns begin at multiples of this, as those of a product do. */
const TILE = 48;
/** A part of fewer columns spends its time on packing the rows of x again. */
const LEAST = 96;
/** Up to so many rows of x nothing is packed: FEW_ROWS in assembly/matmul_f32.ts. */
const FEW_ROWS = 6;

/** Products by packed weights and rows of packed tables, on the threads of `runner`, which share the rows of the weights. */
export function packedKernels(
  runner: Runner,
  memory: WasmMemory,
  scratchOf: (m: number, k: number) => number,
): Pick<FusedKernels, "linearPacked" | "gatherPacked"> {
  const { count, first, last, own } = STEP;
  const at = (x: Dense | undefined): number => (x ? memory.address(x.buffer) : 0);
  return {
    linearPacked(out, x, { format, shape, words, scales }, bias, residual, activation) {
      const [n, k] = shape;
      const m = k === 0 ? size(out.shape) / Math.max(1, n) : size(x.shape) / k;
      if (m === 0 || n === 0) return;
      const few = m <= FEW_ROWS || k === 0;
      const scratch = scratchOf(m, k);
      const act = activation ? ACTIVATION[activation] : 0;
      runner.run(
        "linear_packed_f32",
        [
          ...[PACKED[format], at(out), at(x), at(words), at(scales), at(bias), act, at(residual)],
          ...[m, k, n, 0, n, memory.scratch(scratch)],
        ],
        {
          units: n,
          block: TILE,
          most: few ? undefined : Math.floor(n / LEAST),
          nanoseconds: few ? n * k * (0.15 + 0.05 * m) : (2 * m * n * k) / 40,
          steps: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, first, last, own],
          scratch,
        },
      );
    },
    gatherPacked(out, { format, shape, words, scales }, ids) {
      const [V, C] = shape;
      const n = size(ids.shape);
      runner.run(
        "gather_packed_f32",
        [PACKED[format], at(out), at(words), at(scales), at(ids), n, V, C],
        {
          units: n,
          block: 1,
          nanoseconds: n * C * 0.5,
          steps: [0, C * 4, 0, 0, 4, count, 0, 0],
        },
      );
    },
  };
}
