import { type Dense, type FusedKernels, size } from "@muladd/tensor";
import type { Runner } from "./crew.ts";
import type { WasmMemory } from "./memory.ts";
import { PLAIN, type Product } from "./product.ts";
import { STEP } from "./split.ts";

/** Bytes of logits that exist at once, about. */
const TILE_BYTES = 2 ** 24;
/**
 * Rows of a tile at least: with fewer the products spend their time on reading the weight and its gradient. Loss and both
 * gradients of 1,024 × 768 × 50,257 in tiles of 128 / 256 / 512 / 1,024 rows: 153 / 169 / 171 / 176 GFLOP/s; of 2,048 × 384 ×
 * 4,096 in 64 / 128 / 256 / 512 / 1,024 / 2,048: 124 / 140 / 161 / 176 / 181 / 191, with all logits kept 178
 * (2-core x86-64 (Xeon), both of them, Node 24 wide).
 */
const LEAST_ROWS = 256;

/**
 * Rows of hidden states a tile at a time: logits, their losses, then in their place the gradient, from which both others
 * follow. The weight is read twice a tile and its gradient, where there are several, once more: so tiles are few and even.
 * They depend on nothing but the shapes, and every sum over rows goes through them in order. Beside GPT-2's hidden states
 * and head it holds at its worst 207 / 209 / 218 MB for 256 / 1,024 / 4,096 rows, 154 of them the weight's gradient; with the
 * logits kept 207 / 412 / 1,647. A step of 4 × 64 tokens takes 1.22 s instead of 1.24 (same machine).
 */
export function linearCrossEntropy(
  runner: Runner,
  memory: WasmMemory,
  multiply: Product,
): FusedKernels["linearCrossEntropy"] {
  const { count } = STEP;
  return (loss, dhidden, dweight, hidden, weight, targets, scale) => {
    const rows = size(targets.shape);
    const [V, C] = weight.shape as [number, number];
    const most = Math.max(LEAST_ROWS, Math.floor(TILE_BYTES / (4 * Math.max(1, V))));
    const tiles = Math.ceil(rows / most);
    const tile = tiles > 0 ? Math.ceil(rows / tiles) : 0;
    // An allocation like any other, so that the peak counts it; free again when this returns.
    const buffer = memory.alloc(tile * V + rows, "f32");
    try {
      const at = (x: Dense): number => memory.address(x.buffer);
      const logits = memory.address(buffer);
      const losses = logits + tile * V * 4;
      if (dweight && rows === 0) runner.run("fill_f32", [at(dweight), V * C, 0, 0]);
      for (let first = 0; first < rows; first += tile) {
        const n = Math.min(tile, rows - first);
        const [x, w] = [at(hidden) + first * C * 4, at(weight)];
        multiply(logits, x, w, 1, n, C, V, false, true);
        runner.run(
          "loss_rows_f32",
          [losses + first * 4, logits, at(targets) + first * 4, n, V, scale, dhidden ? 1 : 0],
          {
            units: n,
            block: 1,
            nanoseconds: n * V * 1.4,
            steps: [4, V * 4, 4, count, 0, 0, 0],
          },
        );
        if (!dhidden || !dweight) continue;
        multiply(at(dhidden) + first * C * 4, logits, w, 1, n, V, C, false, false);
        const dw = at(dweight);
        const sofar = { ...PLAIN, plus: dw, ldplus: C * 4 };
        multiply(dw, logits, x, 1, V, n, C, true, false, first > 0 ? sofar : PLAIN);
      }
      runner.run("loss_f32", [at(loss), losses, rows, scale]);
    } finally {
      memory.free(buffer);
    }
  };
}
