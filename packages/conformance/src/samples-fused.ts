import type { FusedAttrs, LinearAttrs, Shape } from "@muladd/tensor";
import { elementwise, type Input, type Sample, type SampledFused } from "./sample.ts";

type Domain = readonly [number, number];

const ROWS: readonly Shape[] = [[1], [4, 1], [3, 5], [2, 3, 33], [257], [0, 5], [3, 300]];

const softmax = [
  ...ROWS.map((shape) => ({ inputs: [{ shape }], attrs: {} })),
  { inputs: [{ shape: [3, 0] }], attrs: {} },
  // Far beyond where exp overflows.
  { inputs: [{ shape: [5, 17], domain: [-200, 200] as const }], attrs: {} },
];

/** x (…, C) with vectors (C). Far from 0 with a small spread, a variance taken in one pass cancels. */
const norm = (vectors: number, epsilon: number): Sample<{ readonly epsilon: number }>[] => [
  ...ROWS.map((shape) => ({
    inputs: [
      { shape },
      ...Array.from({ length: vectors }, (): Input => ({ shape: [shape.at(-1)!] })),
    ],
    attrs: { epsilon },
  })),
  {
    inputs: [
      { shape: [4, 9], domain: [9, 11] },
      ...Array.from({ length: vectors }, (): Input => ({ shape: [9], domain: [0.5, 1.5] })),
    ],
    attrs: { epsilon },
  },
];

/** Shape of the logits, and the targets from and to: −1 is ignored. */
const LOSSES: readonly (readonly [Shape, Domain])[] = [
  [
    [3, 5],
    [0, 4],
  ],
  [
    [2, 6, 11],
    [-1, 10],
  ],
  [
    [1, 1],
    [0, 0],
  ],
  [
    [4, 257],
    [-1, 256],
  ],
  [[7], [3, 3]],
  [
    [3, 5],
    [-1, -1],
  ],
  [
    [0, 5],
    [0, 4],
  ],
];

/** Shape of x, outputs. */
const LINEARS: readonly (readonly [Shape, outputs: number])[] = [
  [[2, 3, 5], 4],
  [[7], 3],
  [[1, 1], 1],
  [[33, 65], 17],
  [[9, 300], 11],
  [[1, 64], 257],
  [[0, 5], 4],
];

const ENDINGS: readonly LinearAttrs[] = [
  { bias: false, residual: false, activation: undefined },
  { bias: true, residual: false, activation: undefined },
  { bias: true, residual: true, activation: undefined },
  { bias: true, residual: false, activation: "gelu" },
  { bias: false, residual: true, activation: "geluTanh" },
];

const linear = LINEARS.flatMap(([x, outputs]) =>
  ENDINGS.map((attrs) => ({
    inputs: [
      { shape: x },
      { shape: [outputs, x.at(-1)!] },
      ...(attrs.bias ? [{ shape: [outputs] }] : []),
      ...(attrs.residual ? [{ shape: [...x.slice(0, -1), outputs] }] : []),
    ],
    attrs,
    terms: Math.max(x.at(-1)!, outputs),
  })),
);

/** Shape of hidden, the vocabulary, and the targets from and to: −1 is ignored. */
const HEADS: readonly (readonly [hidden: Shape, vocabulary: number, targets: Domain])[] = [
  [[3, 4], 5, [0, 4]],
  [[2, 6, 3], 11, [-1, 10]],
  [[1, 1], 1, [0, 0]],
  [[4, 9], 257, [-1, 256]],
  [[7], 9, [3, 3]],
  [[3, 5], 4, [-1, -1]],
  [[0, 5], 4, [0, 3]],
  [[70, 33], 37, [-1, 36]],
];

const linearCrossEntropy = HEADS.flatMap(([hidden, V, domain]) =>
  [1, -0.25].map((scale) => ({
    inputs: [
      { shape: hidden, domain: [-1, 1] as const },
      { shape: [V, hidden.at(-1)!], domain: [-1, 1] as const },
      { shape: hidden.slice(0, -1), dtype: "i32" as const, domain },
    ],
    attrs: { scale },
    terms: Math.max(V, ...hidden),
  })),
);

/** Shape of x, heads, head width, rows of the table, first row. */
const ROTATIONS: readonly (readonly [Shape, number, number, number, number])[] = [
  [[2, 5, 8], 2, 4, 5, 0],
  [[2, 5, 24], 4, 4, 9, 3],
  [[1, 3, 36], 2, 12, 3, 0],
  [[2, 1, 130], 1, 128, 7, 6],
  [[1, 4, 11], 2, 2, 4, 0],
  [[2, 3, 5], 0, 4, 3, 0],
  [[0, 3, 8], 1, 8, 3, 0],
  [[3, 0, 8], 1, 8, 3, 2],
];

const rotary = ROTATIONS.flatMap(([shape, heads, D, positions, start]) =>
  [false, true].map((inverse) => ({
    inputs: [{ shape }, { shape: [positions, D], domain: [-1, 1] as const, constant: true }],
    attrs: { heads, start, inverse },
  })),
);

interface Heads {
  readonly B: number;
  readonly T: number;
  /** Rows of k and v; absent when q, k and v are packed into one operand. */
  readonly capacity?: number;
  readonly keys?: number;
  readonly H: number;
  readonly K: number;
  readonly D: number;
  readonly causal?: boolean;
  readonly window?: number;
  readonly scale?: number;
}

const ATTENTIONS: readonly Heads[] = [
  { B: 1, T: 1, H: 1, K: 1, D: 1 },
  { B: 2, T: 5, H: 2, K: 2, D: 4 },
  { B: 2, T: 5, H: 4, K: 2, D: 3 },
  { B: 1, T: 4, H: 3, K: 1, D: 8 },
  { B: 2, T: 6, H: 2, K: 2, D: 5, causal: false },
  { B: 2, T: 5, H: 2, K: 2, D: 4, scale: 1 },
  { B: 1, T: 33, H: 2, K: 2, D: 16 },
  { B: 1, T: 3, H: 1, K: 1, D: 64 },
  { B: 0, T: 3, H: 2, K: 2, D: 4 },
  { B: 2, T: 5, capacity: 5, H: 2, K: 2, D: 4 },
  { B: 2, T: 2, capacity: 6, H: 2, K: 2, D: 4 },
  { B: 2, T: 1, capacity: 7, H: 4, K: 2, D: 3 },
  { B: 2, T: 2, capacity: 6, keys: 4, H: 2, K: 2, D: 4 },
  { B: 1, T: 1, capacity: 8, keys: 1, H: 2, K: 1, D: 4 },
  { B: 2, T: 4, capacity: 6, H: 2, K: 2, D: 4, causal: false },
  { B: 1, T: 6, capacity: 3, keys: 2, H: 2, K: 1, D: 4, causal: false },
  { B: 2, T: 6, H: 2, K: 1, D: 4, window: 1 },
  { B: 1, T: 41, H: 2, K: 1, D: 5, window: 9 },
  { B: 2, T: 2, capacity: 9, keys: 8, H: 2, K: 2, D: 4, window: 3 },
  { B: 1, T: 9, capacity: 20, H: 1, K: 1, D: 4, window: 6 },
];

const attention = ATTENTIONS.map(
  ({ B, T, capacity, keys, H, K, D, causal = true, window, scale = 1 / Math.sqrt(D) }) => ({
    inputs:
      capacity === undefined
        ? [{ shape: [B, T, (H + 2 * K) * D] }]
        : [
            { shape: [B, T, H * D] },
            { shape: [B, capacity, K * D] },
            { shape: [B, capacity, K * D] },
          ],
    attrs: {
      heads: H,
      keyHeads: K,
      causal,
      scale,
      ...(keys === undefined ? {} : { keys }),
      ...(window === undefined ? {} : { window }),
    },
  }),
);

export const fusedSamples: { readonly [K in SampledFused]: readonly Sample<FusedAttrs<K>>[] } = {
  softmax,
  gelu: elementwise([-2, 2], [-8, 8]),
  geluTanh: elementwise([-2, 2], [-8, 8]),
  swiglu: [
    ...[[], [0], [1], [2, 3], [257]].map((shape) => ({
      inputs: [{ shape }, { shape }],
      attrs: {},
    })),
    {
      inputs: [{ shape: [257], domain: [-100, 100] }, { shape: [257] }],
      attrs: {},
      forwardOnly: "values or slopes too large for differences to resolve",
    },
  ],
  layerNorm: [...norm(2, 1e-5), ...norm(1, 1e-5), ...norm(2, 1e-2)],
  rmsNorm: [...norm(1, 1e-6), ...norm(1, 1e-2)],
  crossEntropy: LOSSES.map(([shape, domain]) => ({
    inputs: [
      { shape, domain: [-4, 4] },
      { shape: shape.slice(0, -1), dtype: "i32", domain },
    ],
    attrs: {},
  })),
  linear,
  linearCrossEntropy,
  rotary,
  attention,
  squaredNorm: [
    { inputs: [{ shape: [5] }], attrs: {} },
    { inputs: [{ shape: [3, 33] }, { shape: [] }, { shape: [0, 4] }, { shape: [1] }], attrs: {} },
    // More than one block of a kernel that sums by blocks.
    { inputs: [{ shape: [2, 8, 600], domain: [-0.1, 0.1] }, { shape: [7] }], attrs: {} },
  ],
};
