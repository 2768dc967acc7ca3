import { fillUniform, type Shape } from "@muladd/tensor";
import type { AnyOp } from "./case.ts";
import type { Operand } from "./derivatives.ts";

/** A call whose result is known without an oracle: edges, where a tolerance would hide what matters. */
export interface Exact {
  readonly why: string;
  readonly operands: readonly Operand[];
  readonly attrs?: unknown;
  readonly expected: ArrayLike<number>;
  /** Default 0: the same numbers, and NaN where NaN is expected. */
  readonly tolerance?: number;
}

const f = (data: readonly number[], shape: Shape = [data.length]): Operand => ({
  shape,
  dtype: "f32",
  data,
});
const i = (data: readonly number[], shape: Shape = [data.length]): Operand => ({
  shape,
  dtype: "i32",
  data,
});

const NAN = Number.NaN;
const INF = Infinity;

const uniform = (length: number, key: readonly [number, number], counter: number): Exact => {
  const expected = new Float64Array(length);
  fillUniform(expected, key, counter);
  return {
    why: `the bits of threefry, ${length} numbers at counter ${counter}`,
    operands: [],
    attrs: { shape: [length], key, counter },
    expected,
  };
};

/** Rounding of one float32 exp or log, where the value is not exact. */
const ROUNDED = 1e-6;

/** Rows of width 6, so that vector code meets the special value in its body and in its tail. */
export const exact: { readonly [K in AnyOp]?: readonly Exact[] } = {
  neg: [{ why: "infinities and NaN", operands: [f([INF, -INF, NAN])], expected: [-INF, INF, NAN] }],
  exp: [
    {
      why: "ends, and NaN stays",
      operands: [f([-INF, INF, NAN, 0, -INF, NAN])],
      expected: [0, INF, NAN, 1, 0, NAN],
    },
  ],
  log: [
    {
      why: "0 gives −∞, below it is NaN",
      operands: [f([0, INF, -1, NAN, 1, 0])],
      expected: [-INF, INF, NAN, NAN, 0, -INF],
    },
  ],
  tanh: [
    {
      why: "saturates at ±1, NaN stays",
      operands: [f([INF, -INF, NAN, 0, 90, -90])],
      expected: [1, -1, NAN, 0, 1, -1],
      tolerance: ROUNDED,
    },
  ],
  rsqrt: [
    {
      why: "0 gives ∞, below it is NaN",
      operands: [f([0, INF, -1, NAN, 4, 0.25])],
      expected: [INF, 0, NAN, NAN, 0.5, 2],
      tolerance: ROUNDED,
    },
  ],
  erf: [
    {
      why: "saturates at ±1, NaN stays",
      operands: [f([INF, -INF, NAN, 0, 9, -9])],
      expected: [1, -1, NAN, 0, 1, -1],
      tolerance: ROUNDED,
    },
  ],
  sin: [{ why: "NaN and 0", operands: [f([NAN, 0])], expected: [NAN, 0] }],
  cos: [{ why: "NaN and 0", operands: [f([NAN, 0])], expected: [NAN, 1] }],
  scale: [
    {
      why: "integers wrap: a power of two shifts them out at the top",
      operands: [i([1, -1, 0x12345678, 2 ** 31 - 1, -(2 ** 31), 0x0f])],
      attrs: { c: 2 ** 28 },
      expected: [2 ** 28, -(2 ** 28), -(2 ** 31), -(2 ** 28), 0, -(2 ** 28)],
    },
  ],
  add: [
    {
      why: "infinities and NaN",
      operands: [f([INF, INF, NAN, 1]), f([1, -INF, 1, NAN])],
      expected: [INF, NAN, NAN, NAN],
    },
    {
      why: "integers are exact",
      operands: [i([2 ** 30, 16777217, -5]), i([5, 1, 5])],
      expected: [2 ** 30 + 5, 16777218, 0],
    },
  ],
  div: [
    {
      why: "by 0",
      operands: [f([1, -1, 0, NAN]), f([0, 0, 0, 1])],
      expected: [INF, -INF, NAN, NAN],
    },
  ],
  mul: [
    {
      why: "0 · ∞ is NaN",
      operands: [f([0, INF, 2]), f([INF, 2, NAN])],
      expected: [NAN, INF, NAN],
    },
  ],
  maximum: [
    {
      why: "NaN wins, on either side",
      operands: [f([NAN, 1, -INF, INF, 3, NAN]), f([1, NAN, INF, -INF, 3, NAN])],
      expected: [NAN, NAN, INF, INF, 3, NAN],
    },
  ],
  greaterEqual: [
    {
      why: "ties, infinities; nothing compares to NaN",
      operands: [f([1, 1, 2, NAN, 1, -INF, NAN]), f([1, 2, 1, 1, NAN, -INF, NAN])],
      expected: [1, 0, 1, 0, 0, 1, 0],
    },
  ],
  equal: [
    {
      why: "ties, infinities, signed zeros; NaN is not itself",
      operands: [f([1, 1, NAN, INF, -INF, 0]), f([1, 2, NAN, INF, INF, -0])],
      expected: [1, 0, 0, 1, 0, 1],
    },
  ],
  select: [
    {
      why: "does not leak what it does not choose",
      operands: [f([1, 0, 1, 0, 1, 0]), f([1, NAN, 3, INF, 5, -INF]), f([NAN, 2, INF, 4, -INF, 6])],
      expected: [1, 2, 3, 4, 5, 6],
    },
    {
      why: "any mask but 0 chooses the first",
      operands: [i([-1, 0, 7, -0]), i([1, 1, 1, 1]), i([2, 2, 2, 2])],
      expected: [1, 2, 1, 2],
    },
  ],
  sum: [
    {
      why: "NaN and ∞ propagate",
      operands: [f([1, 2, NAN, 3, 4, 5, 1, INF, 1, 1, 1, 1, INF, 0, 0, 0, 0, -INF], [3, 6])],
      attrs: { axis: 1 },
      expected: [NAN, INF, NAN],
    },
    { why: "of nothing is 0", operands: [f([], [2, 0])], attrs: { axis: 1 }, expected: [0, 0] },
  ],
  max: [
    {
      why: "NaN wins from every place of a row",
      operands: [f([NAN, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, NAN, 1, 2, 9, NAN, 3, 4], [3, 6])],
      attrs: { axis: 1 },
      expected: [NAN, NAN, NAN],
    },
    {
      why: "NaN wins from every place of a column",
      operands: [f([NAN, 1, 2, 3, NAN, 5, 1, 2, NAN, 4], [2, 5])],
      attrs: { axis: 0 },
      expected: [NAN, 1, 2, NAN, NAN],
    },
    {
      why: "of −∞ is −∞, of nothing too",
      operands: [f([-INF, -INF], [1, 2])],
      attrs: { axis: 1 },
      expected: [-INF],
    },
    {
      why: "of nothing is −∞",
      operands: [f([], [2, 0])],
      attrs: { axis: 1 },
      expected: [-INF, -INF],
    },
  ],
  cast: [
    {
      why: "to integers truncates towards 0 and saturates; NaN is 0",
      operands: [f([1.9, -1.9, 3e9, -3e9, NAN, INF, -INF, 0.5])],
      attrs: { dtype: "i32" },
      expected: [1, -1, 2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 1, -(2 ** 31), 0],
    },
  ],
  matmul: [
    {
      why: "NaN and ∞ reach only their own row and column",
      operands: [f([1, NAN, 1, 1], [2, 2]), f([1, 0, 0, 1], [2, 2])],
      attrs: {},
      expected: [NAN, NAN, 1, 1],
    },
    {
      why: "over nothing is 0",
      operands: [f([], [2, 0]), f([], [0, 2])],
      attrs: {},
      expected: [0, 0, 0, 0],
    },
  ],
  gather: [
    {
      why: "an id outside of the table gives a row of NaN",
      operands: [f([1, 2, 3, 4], [2, 2]), i([1, 2, -1, 0])],
      expected: [3, 4, NAN, NAN, NAN, NAN, 1, 2],
    },
    {
      why: "an id outside of a table of integers gives a row of 0",
      operands: [i([1, 2, 3, 4], [2, 2]), i([1, 2, -1, 0])],
      expected: [3, 4, 0, 0, 0, 0, 1, 2],
    },
  ],
  scatterAdd: [
    {
      why: "an id outside is ignored, equal ids add up",
      operands: [f([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2]), i([1, 2, -1, 1, 0])],
      attrs: { length: 2 },
      expected: [9, 10, 8, 10],
    },
  ],
  iota: [
    {
      why: "a constant of ∞",
      operands: [],
      attrs: { shape: [3], start: -INF, step: 0, dtype: "f32" },
      expected: [-INF, -INF, -INF],
    },
  ],
  uniform: [
    uniform(5, [0, 0], 0),
    uniform(257, [0x12345678, 0xfedcba98], 3),
    uniform(64, [0xffffffff, 1], 0xffffffff),
  ],
  softmax: [
    {
      why: "−∞ gets no weight, NaN spoils only its row",
      operands: [
        f([0, -INF, 0, -INF, 0, 0, 1, 1, NAN, 1, 1, 1, 2, -INF, -INF, -INF, -INF, -INF], [3, 6]),
      ],
      expected: [0.25, 0, 0.25, 0, 0.25, 0.25, NAN, NAN, NAN, NAN, NAN, NAN, 1, 0, 0, 0, 0, 0],
      tolerance: ROUNDED,
    },
  ],
  gelu: [
    {
      why: "large x is x, large −x is 0, NaN stays",
      operands: [f([30, -30, NAN, 0])],
      expected: [30, 0, NAN, 0],
    },
  ],
  geluTanh: [
    {
      why: "large x is x, large −x is 0, NaN stays",
      operands: [f([30, -30, NAN, 0])],
      expected: [30, 0, NAN, 0],
    },
  ],
  swiglu: [
    {
      why: "a large gate is itself, a large −gate is 0, NaN and infinities as x · σ(x) has them",
      operands: [
        f([30, -30, -200, 0, NAN, INF, -INF, 1, 30, -200, NAN]),
        f([2, 2, 2, 2, 2, 2, 2, NAN, -INF, -1, 0]),
      ],
      expected: [60, 0, 0, 0, NAN, INF, NAN, NAN, -INF, 0, NAN],
      tolerance: 1e-11, // −60·e⁻³⁰
    },
  ],
  swigluGrad: [
    {
      why: "a gate of −200 passes nothing on, NaN stays",
      operands: [f([30, -200, NAN, 0, 1]), f([2, 2, 2, 2, NAN]), f([1, 1, 1, 1, 1])],
      expected: [2, 0, NAN, 1, NAN],
      tolerance: ROUNDED,
    },
  ],
  rotary: [
    {
      why: "a quarter turns the halves of a head, row by row, and columns behind the heads stay",
      operands: [
        f([1, 2, 3, 4, 5, 6, 7, NAN, 1, 2], [1, 2, 5]),
        f([9, 9, 9, 9, 0, 1, 1, 0, 1, 0, 0, 1], [3, 4]),
      ],
      attrs: { heads: 1, start: 1, inverse: false },
      expected: [-3, 2, 1, 4, 5, NAN, -1, NAN, 7, 2],
    },
  ],
  linearCrossEntropy: [
    {
      why: "an ignored target costs 0, even of NaN",
      operands: [f([1, NAN], [2, 1]), f([0, 0], [2, 1]), i([1, -1])],
      attrs: { scale: 0.5 },
      expected: [Math.LN2 / 2],
      tolerance: ROUNDED,
    },
    {
      why: "a target outside of the vocabulary is NaN",
      operands: [f([1, 1], [2, 1]), f([0, 0], [2, 1]), i([1, 2])],
      attrs: { scale: 1 },
      expected: [NAN],
    },
    {
      why: "logits that are NaN make it NaN",
      operands: [f([1, INF], [2, 1]), f([0, 1], [2, 1]), i([1, 0])],
      attrs: { scale: 1 },
      expected: [NAN],
    },
  ],
  crossEntropy: [
    {
      why: "an ignored target costs 0, even of NaN; a target outside of the vocabulary is NaN",
      operands: [f([0, 0, NAN, NAN, 0, 0, 0, 0], [4, 2]), i([1, -1, 2, 0])],
      expected: [Math.LN2, 0, NAN, Math.LN2],
      tolerance: ROUNDED,
    },
  ],
  crossEntropyGrad: [
    {
      why: "an ignored target gets 0, even of NaN",
      operands: [f([0, 0, NAN, NAN], [2, 2]), i([1, -1]), f([Math.LN2, NAN]), f([1, 1])],
      expected: [0.5, -0.5, 0, 0],
      tolerance: ROUNDED,
    },
  ],
};
