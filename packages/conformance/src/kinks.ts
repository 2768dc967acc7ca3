import { cosines } from "./apply.ts";
import type { AnyOp } from "./case.ts";
import type { Operand } from "./derivatives.ts";

/** Where a derivative is a convention: what the probe's gradient is, operand by operand. */
export interface Kink {
  readonly why: string;
  readonly operands: readonly Operand[];
  readonly attrs?: unknown;
  readonly expected: readonly ArrayLike<number>[];
}

const f = (data: readonly number[], shape: readonly number[] = [data.length]): Operand => ({
  shape,
  dtype: "f32",
  data,
});
const i = (data: readonly number[]): Operand => ({ shape: [data.length], dtype: "i32", data });

const [w0, w1, w2, w3] = cosines(4) as unknown as [number, number, number, number];

export const kinks: { readonly [K in AnyOp]?: readonly Kink[] } = {
  maximum: [
    {
      why: "the first takes the gradient of a tie",
      operands: [f([1, 2, 3]), f([1, 3, 2])],
      expected: [
        [w0, 0, w2],
        [0, w1, 0],
      ],
    },
  ],
  max: [
    {
      why: "the largest share the gradient",
      operands: [f([2, 1, 2, 3, 3, 3, 0, 1, 0], [3, 3])],
      attrs: { axis: 1 },
      expected: [[w0 / 2, 0, w0 / 2, w1 / 3, w1 / 3, w1 / 3, 0, w2, 0]],
    },
  ],
  greaterEqual: [
    {
      why: "has no gradient, at a tie neither",
      operands: [f([1, 2]), f([1, 1])],
      expected: [
        [0, 0],
        [0, 0],
      ],
    },
  ],
  equal: [
    {
      why: "has no gradient, at a tie neither",
      operands: [f([1, 2]), f([1, 1])],
      expected: [
        [0, 0],
        [0, 0],
      ],
    },
  ],
  select: [
    {
      why: "only what was chosen gets a gradient",
      operands: [i([1, 0, 3, 0]), f([1, Number.NaN, 3, Infinity]), f([Number.NaN, 2, 3, 4])],
      expected: [
        [0, 0, 0, 0],
        [w0, 0, w2, 0],
        [0, w1, 0, w3],
      ],
    },
  ],
  gelu: [{ why: "the slope at 0 is ½", operands: [f([0, 0])], expected: [[w0 / 2, w1 / 2]] }],
  geluTanh: [{ why: "the slope at 0 is ½", operands: [f([0, 0])], expected: [[w0 / 2, w1 / 2]] }],
  gather: [
    {
      why: "repeated ids add up",
      operands: [f([1, 2], [2, 1]), i([0, 0, 1, 0])],
      expected: [[w0 + w1 + w3, w2]],
    },
  ],
  scatterAdd: [
    {
      why: "a row that was ignored gets 0",
      operands: [f([1, 2, 3], [3, 1]), i([0, 5, 1])],
      attrs: { length: 2 },
      expected: [[w0, 0, w1]],
    },
  ],
};
