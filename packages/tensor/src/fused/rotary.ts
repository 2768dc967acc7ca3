import type { RotaryDims } from "../backend.ts";
import { dispatchFused, type FusedOp } from "../dispatch.ts";
import { ShapeError } from "../errors.ts";
import { add, concat, mul, neg, reshape, slice, sub } from "../functions.ts";
import type { Spec } from "../ops.ts";
import { show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

// B batch, T time, D head width, P positions in the table.

function check([x, table]: readonly Spec[], { heads, start }: RotaryDims): Spec {
  const fail = (why: string): never => {
    throw new ShapeError(`rotary: x ${show(x!.shape)}, table ${show(table!.shape)}: ${why}`);
  };
  if (x!.shape.length !== 3 || x!.dtype !== "f32") return fail("x is f32 (batch, time, width)");
  const [P, D] = table!.shape as [number, number];
  if (table!.shape.length !== 2 || table!.dtype !== "f32" || D % 2 !== 0)
    return fail("a table is f32 (positions, head width), and the head width is even");
  const [, T, W] = x!.shape as [number, number, number];
  if (!(Number.isInteger(heads) && heads >= 0 && heads * D <= W))
    return fail(`${heads} heads of ${D} do not fit the width ${W}`);
  if (!(Number.isInteger(start) && start >= 0 && start + T <= P))
    return fail(`positions ${start} … ${start + T - 1} are not all in the table`);
  return x!;
}

/** Inputs x, table. */
export const rotaryRow: FusedOp<RotaryDims> = {
  results: 1,
  infer: (inputs, dims) => [check(inputs, dims)],
  run: (k, [out], [x, table], dims) => k.rotary(out!, x!, table!, dims),
  compose: ([x, table], { heads, start, inverse }) => {
    const [B, T, W] = x!.shape as [number, number, number];
    const D = table!.shape[1]!;
    const rows = reshape(slice(table!, 0, start, start + T), [T, 1, 2, D / 2]);
    const cos = slice(rows, 2, 0, 1);
    const sin = slice(rows, 2, 1, 2);
    const turn = inverse ? neg(sin) : sin;
    const pairs = reshape(slice(x!, 2, 0, heads * D), [B, T, heads, 2, D / 2]);
    const a = slice(pairs, 3, 0, 1);
    const b = slice(pairs, 3, 1, 2);
    const turned = concat([sub(mul(a, cos), mul(b, turn)), add(mul(b, cos), mul(a, turn))], 3);
    return [concat([reshape(turned, [B, T, heads * D]), slice(x!, 2, heads * D, W)], 2)];
  },
};

/** What {@link rotary} takes beside its operands. */
export interface RotaryOptions {
  /** How many heads, from the first column on, are turned; the columns behind them are copied. */
  readonly heads: number;
  /** Position of the first row of x. Default 0. */
  readonly start?: number | undefined;
  /** Turns by the opposite angles. Default false. */
  readonly inverse?: boolean | undefined;
}

/**
 * Rotary position embedding: x (B, T, W) → (B, T, W), where in each of the first `heads` heads of D columns the pair of
 * columns (i, i + D/2) is turned by the angle whose cosine and sine stand in columns i and i + D/2 of row start + t of the
 * table (P, D): so queries and keys are turned in place in a packed projection, and a cache goes on where it was. The table
 * is taken as given: it gets no gradient. Su et al. 2021, https://arxiv.org/abs/2104.09864; halves paired as in GPT-NeoX
 * and Llama (rotate_half), not neighbours as in GPT-J. Throws {@link ShapeError} when heads or positions do not fit.
 */
export const rotary = (
  x: Tensor,
  table: Tensor,
  { heads, start = 0, inverse = false }: RotaryOptions,
): Tensor => dispatchFused("rotary", rotaryRow, [x, table], { heads, start, inverse })[0]!;
