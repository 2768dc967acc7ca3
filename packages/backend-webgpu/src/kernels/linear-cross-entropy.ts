import type { Dense, FusedKernels } from "@muladd/tensor";
import { type Context, rowsOf } from "../context.ts";
import { lossRows } from "./loss-rows.ts";
import { dense, multiply } from "./matmul.ts";
import { reduction } from "./reduce.ts";

/** Bytes of logits that exist at once, about: the more, the less often the weight and its gradient are gone through. */
const TILE_BYTES = 2 ** 27;
/** On software adapters, which share the host's memory and caches. */
const TILE_BYTES_SERIAL = 2 ** 24;
/** Rows of a tile at least, where the device's buffers allow it: see above. */
const LEAST_ROWS = 256;

/**
 * Rows of hidden states a tile at a time: logits, their losses, then in their place the gradient, from which both others
 * follow. Lines of logits begin at multiples of 4, so that a vocabulary of any size is read in quads. Every sum over rows goes
 * through the tiles in order.
 */
export const linearCrossEntropy =
  (context: Context): FusedKernels["linearCrossEntropy"] =>
  (loss, dhidden, dweight, hidden, weight, targets, scale) => {
    const { reduce } = reduction(context);
    const [rows, C] = rowsOf(hidden);
    const V = weight.shape[0]!;
    const width = 4 * Math.ceil(V / 4);
    const tile = tileRows(context, rows, width);
    context.scratch(rows, (losses) =>
      context.scratch(tile * width, (of) => {
        if (dweight && rows === 0) tileOf(0, 0, of, losses);
        for (let first = 0; first < rows; first += tile)
          tileOf(first, Math.min(tile, rows - first), of, losses);
        reduce("sum", loss, losses, [1, rows, 1]);
      }),
    );

    function tileOf(first: number, count: number, of: Dense, losses: Dense): void {
      const logits = dense(of, width);
      const x = dense(hidden, C, 0, first * C);
      const w = dense(weight, C);
      multiply(context, {
        ...{ batch: 1, m: count, k: C, n: V, transposeA: false, transposeB: true },
        ...{ a: x, b: w, out: logits, epilogue: {} },
      });
      const gradient = dhidden !== undefined;
      lossRows(context, {
        losses,
        logits: of,
        targets,
        first,
        rows: count,
        V,
        width,
        scale,
        gradient,
      });
      if (!dhidden || !dweight) return;
      multiply(context, {
        ...{ batch: 1, m: count, k: V, n: C, transposeA: false, transposeB: false },
        ...{ a: logits, b: w, out: dense(dhidden, C, 0, first * C), epilogue: {} },
      });
      multiply(context, {
        ...{ batch: 1, m: V, k: count, n: C, transposeA: true, transposeB: false },
        ...{ a: logits, b: x, out: dense(dweight, C), epilogue: { accumulate: first > 0 } },
      });
    }
  };

/** Rows of a tile: few tiles, and even ones. It depends on shapes and on the device's limits alone. */
export function tileRows(
  {
    serial,
    facts,
  }: Pick<Context, "serial"> & {
    readonly facts: Pick<Context["facts"], "maxBufferBytes" | "maxBindingBytes">;
  },
  rows: number,
  width: number,
): number {
  const line = 4 * Math.max(1, width);
  const wanted = Math.max(LEAST_ROWS, Math.floor((serial ? TILE_BYTES_SERIAL : TILE_BYTES) / line));
  const room = Math.floor(Math.min(facts.maxBufferBytes, facts.maxBindingBytes) / line);
  const tiles = Math.ceil(rows / Math.max(1, Math.min(wanted, room)));
  return tiles > 0 ? Math.ceil(rows / tiles) : 0;
}
