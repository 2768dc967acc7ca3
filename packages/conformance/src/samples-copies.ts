import type { Attrs, DType, Shape } from "@muladd/tensor";
import type { Input, Sample } from "./sample.ts";

type CopyName = "reshape" | "permute" | "expand" | "slice" | "pad" | "concat" | "cast";

/** Every copy moves f32 and i32 alike: one sample becomes two. */
const both = <A>(shapes: readonly Shape[], attrs: A): Sample<A>[] =>
  (["f32", "i32"] as const).map((dtype) => ({
    inputs: shapes.map((shape): Input => ({ shape, dtype, domain: [-9, 9] })),
    attrs,
  }));

const cast = (from: DType, to: DType, shape: Shape): Sample<{ readonly dtype: DType }> => ({
  inputs: [{ shape, dtype: from, domain: [-9, 9] }],
  attrs: { dtype: to },
  ...(from === to ? {} : { forwardOnly: "there is no gradient to or from integers" }),
});

const permutations: readonly (readonly [Shape, readonly number[]])[] = [
  [[], []],
  [[5], [0]],
  [
    [2, 3],
    [1, 0],
  ],
  [
    [2, 3],
    [0, 1],
  ],
  [
    [33, 65],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 5, 3, 7],
    [0, 2, 1, 3],
  ],
  [
    [2, 3, 4, 2, 3],
    [4, 2, 0, 3, 1],
  ],
  [
    [3, 0, 2],
    [2, 1, 0],
  ],
];

const expansions: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[], [2, 3]],
  [[1], [257]],
  [[3], [3]],
  [[3], [2, 3]],
  [
    [3, 1],
    [2, 3, 4],
  ],
  [
    [2, 1, 1, 3, 1],
    [2, 4, 1, 3, 2],
  ],
  [
    [1, 2],
    [0, 2],
  ],
];

/** Shape, axis, start, end. */
const slices: readonly (readonly [Shape, number, number, number])[] = [
  [[5], 0, 1, 4],
  [[2, 5, 3], 0, 1, 2],
  [[2, 5, 3], 1, 1, 4],
  [[2, 5, 3], 2, 0, 2],
  [[2, 5, 3], 1, 0, 5],
  [[2, 5, 3], 1, 2, 2],
  [[257], 0, 1, 256],
  [[2, 2, 3, 2, 4], 3, 1, 2],
];

/** Shape, axis, start, length. */
const pads: readonly (readonly [Shape, number, number, number])[] = [
  [[3], 0, 1, 5],
  [[2, 2, 3], 0, 0, 4],
  [[2, 2, 3], 1, 1, 5],
  [[2, 2, 3], 2, 2, 5],
  [[2, 3], 1, 0, 3],
  [[2, 0, 3], 1, 1, 3],
  [[255], 0, 1, 257],
];

const joins: readonly (readonly [readonly Shape[], axis: number])[] = [
  [[[3]], 0],
  [[[3], [1], [4]], 0],
  [
    [
      [2, 3],
      [1, 3],
    ],
    0,
  ],
  [
    [
      [2, 3],
      [2, 1],
    ],
    1,
  ],
  [
    [
      [2, 3, 4],
      [2, 2, 4],
    ],
    1,
  ],
  [
    [
      [2, 3],
      [2, 0],
      [2, 2],
    ],
    1,
  ],
  [[[129], [128]], 0],
];

export const copySamples: { readonly [K in CopyName]: readonly Sample<Attrs<K>>[] } = {
  reshape: [
    ...both([[2, 6]], { shape: [3, 4] }),
    ...both([[1]], { shape: [] }),
    ...both([[0, 3]], { shape: [3, 0, 2] }),
  ],
  permute: permutations.flatMap(([shape, axes]) => both([shape], { axes })),
  expand: expansions.flatMap(([from, shape]) => both([from], { shape })),
  slice: slices.flatMap(([shape, axis, start, end]) => both([shape], { axis, start, end })),
  pad: pads.flatMap(([shape, axis, start, length]) => both([shape], { axis, start, length })),
  concat: joins.flatMap(([shapes, axis]) => both(shapes, { axis })),
  cast: [[], [0], [2, 3], [257]].flatMap((shape) => [
    cast("f32", "f32", shape),
    cast("f32", "i32", shape),
    cast("i32", "f32", shape),
    cast("i32", "i32", shape),
  ]),
};
