import { notify, recorded } from "./dispatch.ts";
import { ShapeError } from "./errors.ts";
import { add, expand, scatterAdd } from "./functions.ts";
import { tidy } from "./memory.ts";
import { ops } from "./ops.ts";
import { sameShape, show } from "./shape.ts";
import { share, type Tensor } from "./tensor.ts";

/**
 * total (V, C) with rows (…, C) summed in at ids (…) i32, as {@link scatterAdd} sums them into zeros. Takes `total` over: the
 * result is made in its memory, where nobody else shares it, so the caller disposes `total` and reads it no more. A gradient
 * of a large table, of which a batch names few rows, so needs neither zeros of its size nor their sum. Throws
 * {@link ShapeError} when they do not fit.
 */
export function scatterAddTo(total: Tensor, rows: Tensor, ids: Tensor): Tensor {
  const length = total.shape[0]!;
  const spec = ops.scatterAdd.infer([rows, ids], { length });
  if (!sameShape(spec.shape, total.shape) || spec.dtype !== total.dtype)
    throw new ShapeError(
      `scatterAddTo: rows ${rows.dtype} ${show(rows.shape)} do not fit a total ${total.dtype} ${show(total.shape)}`,
    );
  // A tape must see what it can differentiate.
  if (recorded()) return tidy(() => add(total, scatterAdd(rows, ids, length)));
  const out = total.storage.owners === 1 ? share(total) : expand(total, total.shape);
  out.backend.kernels.scatterAdd(out, rows, ids);
  notify({ op: "scatterAdd", inputs: [rows, ids], attrs: { length }, outs: [out] });
  return out;
}
