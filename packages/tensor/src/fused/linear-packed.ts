import type { Dense, PackedFormat, PackedMatrix } from "../backend.ts";
import type { FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { concat, matmul, reshape, slice } from "../functions.ts";
import { tidy } from "../memory.ts";
import type { Spec } from "../ops.ts";
import { isScaled, packedRow } from "../packed/formats.ts";
import { unpackRows } from "../packed/unpack-rows.ts";
import { show, size } from "../shape.ts";
import { endLinear, type LinearAttrs, linearOperands, linearSpec } from "./linear-ending.ts";
import { rows } from "./softmax.ts";

/** As {@link LinearAttrs}; the words, and for whole numbers the scales, stand in the weight's place. */
export interface LinearPackedAttrs extends LinearAttrs {
  readonly format: PackedFormat;
}

/** Numbers that the composition unpacks at once. */
const CHUNK = 2 ** 20;

/** Throws {@link ShapeError} unless words and scales are those of rows of `columns`. */
export function checkPacked(
  op: string,
  format: PackedFormat,
  [words, scales]: readonly (Spec | undefined)[],
  columns: number,
): void {
  const row = packedRow(format, columns);
  const fits = words?.shape[1] === row.words && (!scales || scales.shape[1] === row.groups);
  if (!fits)
    throw new ShapeError(
      `${op}: words ${show(words?.shape ?? [])} are not ${format} rows of ${columns} columns, which take (…, ${row.words})`,
    );
}

/** What a kernel is told of a packed operand: `at` is where its words are, and its scales behind them. */
export function packedMatrix(
  format: PackedFormat,
  inputs: readonly Dense[],
  at: number,
  columns: number,
): PackedMatrix {
  const words = inputs[at]!;
  const scales = isScaled(format) ? inputs[at + 1] : undefined;
  return { format, shape: [words.shape[0]!, columns], words, scales };
}

/** Where bias and residual begin among the inputs. */
const ending = <T>(inputs: readonly T[], attrs: LinearPackedAttrs) =>
  linearOperands(inputs, attrs, isScaled(attrs.format) ? 3 : 2);

/** Inputs x, words, scales where the format has them, bias, residual. */
export const linearPackedRow: FusedOp<LinearPackedAttrs> = {
  results: 1,
  infer: (inputs, attrs) => {
    const [x, words, scales] = inputs;
    rows("linear", x!);
    checkPacked(
      "linear",
      attrs.format,
      [words, isScaled(attrs.format) ? scales : undefined],
      x!.shape.at(-1)!,
    );
    return [linearSpec(x!, words!.shape[0]!, ending(inputs, attrs))];
  },
  run: (k, [out], inputs, attrs) => {
    const weight = packedMatrix(attrs.format, inputs, 1, inputs[0]!.shape.at(-1)!);
    const { bias, residual } = ending(inputs, attrs);
    k.linearPacked(out!, inputs[0]!, weight, bias, residual, attrs.activation);
  },
  compose: (inputs, attrs) => {
    const [x, words, second] = inputs;
    const scales = isScaled(attrs.format) ? second : undefined;
    const lead = x!.shape.slice(0, -1);
    const columns = x!.shape.at(-1)!;
    const flat = reshape(x!, [size(lead), columns]);
    const outputs = words!.shape[0]!;
    const step = Math.max(1, Math.floor(CHUNK / Math.max(1, columns)));
    const part = (start: number) =>
      tidy(() => {
        const some = (t: typeof x) => t && slice(t, 0, start, Math.min(start + step, outputs));
        const weight = unpackRows(attrs.format, some(words)!, some(scales), columns);
        return matmul(flat, weight, { transposeB: true });
      });
    const parts = Array.from({ length: Math.max(1, Math.ceil(outputs / step)) }, (_, i) =>
      part(i * step),
    );
    const product = reshape(concat(parts, 1), [...lead, outputs]);
    return [endLinear(product, ending(inputs, attrs), attrs.activation)];
  },
};
