import type { PackedFormat } from "../backend.ts";
import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, full, gather as gatherRows, reshape } from "../functions.ts";
import { Packed, packedOperands } from "../packed/packed.ts";
import { unpackRows } from "../packed/unpack-rows.ts";
import { show, size } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkPacked, packedMatrix } from "./linear-packed.ts";

export interface GatherPackedAttrs {
  readonly format: PackedFormat;
  readonly columns: number;
}

/** Inputs ids, words, scales where the format has them. */
export const gatherPackedRow: FusedOp<GatherPackedAttrs> = {
  results: 1,
  infer: ([ids, ...table], { format, columns }) => {
    if (ids!.dtype !== "i32")
      throw new ShapeError(`gather: needs i32 ids, got ${ids!.dtype} ${show(ids!.shape)}`);
    checkPacked("gather", format, table, columns);
    return [{ shape: [...ids!.shape, columns], dtype: "f32" }];
  },
  run: (k, [out], inputs, { format, columns }) =>
    k.gatherPacked(out!, packedMatrix(format, inputs, 1, columns), inputs[0]!),
  compose: ([ids, words, scales], { format, columns }) => {
    const flat = reshape(ids!, [size(ids!.shape)]);
    const found = unpackRows(
      format,
      gatherRows(words!, flat),
      scales && gatherRows(scales, flat),
      columns,
    );
    // An id outside finds words of 0, which are numbers; it finds NaN in a column of zeros.
    const known = gatherRows(full(ids!.backend, [words!.shape[0]!, 1], 0), flat);
    return [reshape(add(found, known), [...ids!.shape, columns])];
  },
};

/**
 * Rows of a table (V, C) at ids (…) i32 → (…, C). An id outside 0 … V−1 gives NaN. Throws {@link ShapeError} for operands
 * of other shapes or dtypes, and Error for a packed table where a gradient is recorded.
 */
export function gather(table: Tensor | Packed, ids: Tensor): Tensor {
  if (!(table instanceof Packed)) return gatherRows(table, ids);
  const attrs = { format: table.format, columns: table.shape[1] };
  const inputs = [ids, ...packedOperands("gather", table)];
  return dispatchFused("gatherPacked", gatherPackedRow, inputs, attrs)[0]!;
}
