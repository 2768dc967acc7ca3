import type { Attrs, DType, FusedAttrs, OpName, Shape } from "@muladd/tensor";
import {
  elementwise,
  f32,
  type Input,
  i32,
  none,
  type Plain,
  type Sample,
  type SampledFused,
} from "./sample.ts";
import { copySamples } from "./samples-copies.ts";
import { fusedSamples } from "./samples-fused.ts";
import { productSamples } from "./samples-products.ts";

type Domain = readonly [number, number];

/** Same shape, row, column, scalar on either side, both sides stretched, leading axes on either side, tails. */
const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[0, 3], [3]],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [
    [2, 3],
    [2, 1],
  ],
  [[3], [2, 3]],
  [[4], []],
  [[], [4]],
  [
    [2, 1],
    [1, 3],
  ],
  [[2, 4, 3], [3]],
  [
    [2, 4, 3],
    [4, 1],
  ],
  [
    [1, 1, 3],
    [2, 4, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [[257], [257]],
  [[257], [1]],
  [[5, 257], [257]],
  [
    [5, 257],
    [5, 1],
  ],
  [
    [3, 5],
    [2, 4, 3, 1],
  ],
];

const pairs = (domain?: Domain): Plain[] =>
  PAIRS.map(([a, b]) => ({ inputs: [f32(a, domain), f32(b, domain)], attrs: none }));
const integerPairs: Plain[] = PAIRS.map(([a, b]) => ({ inputs: [i32(a), i32(b)], attrs: none }));
/** Whole numbers, so that equals meet. */
const wholePairs: Plain[] = PAIRS.map(([a, b]) => ({
  inputs: [
    { shape: a, domain: [-2, 2], whole: true },
    { shape: b, domain: [-2, 2], whole: true },
  ],
  attrs: none,
}));

const withConstant = (c: number): Sample<{ readonly c: number }>[] =>
  [[], [0], [1], [2, 3], [257]].map((shape) => ({ inputs: [f32(shape)], attrs: { c } }));
const integerConstant = { inputs: [i32([257])], attrs: { c: -3 } };

const REDUCED: readonly (readonly [Shape, axis: number])[] = [
  [[2, 3, 4], 0],
  [[2, 3, 4], 1],
  [[2, 3, 4], 2],
  [[1], 0],
  [[257], 0],
  [[5, 257], 0],
  [[5, 257], 1],
  [[3, 1, 2], 1],
  [[2, 33, 2, 3], 1],
  [[3, 2, 1100], 2],
];
const reductions: Sample<{ readonly axis: number }>[] = REDUCED.flatMap(([shape, axis]) => [
  { inputs: [f32(shape)], attrs: { axis }, terms: shape[axis]! },
  { inputs: [i32(shape)], attrs: { axis } },
]);
const EMPTY: readonly (readonly [Shape, axis: number])[] = [
  [[0, 3], 0],
  [[3, 0], 0],
  [[3, 0], 1],
];
const empty = EMPTY.map(([shape, axis]) => ({
  inputs: [f32(shape)],
  attrs: { axis },
  forwardOnly: "an empty maximum is −∞, which no probe can weigh",
}));

const mask = (shape: Shape, dtype: DType): Input => ({
  shape,
  dtype,
  domain: [0, 1],
  whole: true,
});
const CHOICES: readonly (readonly [mask: Shape, a: Shape, b: Shape])[] = [
  [[], [], []],
  [[0], [0], [0]],
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[3, 3], [2, 3, 3], []],
  [[2, 1], [3], [2, 3]],
  [[257], [], [257]],
  [[5, 257], [5, 1], [257]],
  [[2, 3, 4], [1], [4]],
];

/** The evidence of every op: a missing row does not compile. */
export const samples: { readonly [K in OpName]: readonly Sample<Attrs<K>>[] } & {
  readonly [K in SampledFused]: readonly Sample<FusedAttrs<K>>[];
} = {
  neg: [...elementwise(), { inputs: [i32([257])], attrs: none }],
  exp: elementwise([-2, 2], [-80, 80]),
  log: elementwise([0.2, 3], [1e-3, 1e4]),
  tanh: elementwise([-2, 2], [-12, 12]),
  rsqrt: elementwise([0.2, 3], [1e-3, 1e4]),
  erf: elementwise([-2, 2], [-6, 6]),
  sin: elementwise([-2, 2], [-100, 100]),
  cos: elementwise([-2, 2], [-100, 100]),
  scale: [...withConstant(-0.7), integerConstant],
  shift: [...withConstant(0.3), integerConstant],

  add: [...pairs(), ...integerPairs],
  sub: [...pairs(), ...integerPairs],
  mul: [...pairs(), ...integerPairs],
  div: pairs([0.5, 2]),
  maximum: [...pairs(), ...integerPairs],
  greaterEqual: [...wholePairs, ...integerPairs],
  equal: [...wholePairs, ...integerPairs],

  select: CHOICES.flatMap(([m, a, b]) => [
    { inputs: [mask(m, "f32"), f32(a), f32(b)], attrs: none },
    { inputs: [mask(m, "i32"), f32(a), f32(b)], attrs: none },
    { inputs: [mask(m, "f32"), i32(a), i32(b)], attrs: none },
  ]),

  sum: [...reductions, ...empty],
  max: [...reductions, ...empty],

  ...copySamples,
  ...productSamples,

  iota: [[], [0], [1], [2, 3], [257]].flatMap((shape) => [
    { inputs: [], attrs: { shape, start: 0.5, step: -0.25, dtype: "f32" as const } },
    { inputs: [], attrs: { shape, start: 3, step: 0, dtype: "f32" as const } },
    { inputs: [], attrs: { shape, start: -3, step: 2, dtype: "i32" as const } },
  ]),
  uniform: [[], [0], [1], [2, 3], [257]].map((shape, counter) => ({
    inputs: [],
    attrs: { shape, key: [7, 0xdeadbeef] as const, counter },
  })),

  ...fusedSamples,
};
