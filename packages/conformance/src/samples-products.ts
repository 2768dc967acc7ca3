import type { Attrs, Shape } from "@muladd/tensor";
import type { Input, Sample } from "./sample.ts";

type ProductName = "matmul" | "gather" | "scatterAdd";

/** Leading axes, m, k, n: scalars, vectors, empties, sizes beside a tile's multiples, long sums. */
const PRODUCTS: readonly (readonly [Shape, m: number, k: number, n: number])[] = [
  [[], 1, 1, 1],
  [[], 3, 4, 5],
  [[], 4, 1, 6],
  [[], 1, 7, 1],
  [[], 1, 64, 33],
  [[], 33, 7, 1],
  [[], 5, 7, 9],
  [[], 8, 8, 16],
  [[], 33, 65, 17],
  [[], 9, 300, 11],
  [[2], 2, 4, 3],
  [[3, 2], 5, 6, 7],
  [[2], 3, 0, 4],
  [[2], 0, 3, 4],
  [[0], 2, 3, 4],
];

const matmul = PRODUCTS.flatMap(([lead, m, k, n]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map(
      (transposeB): Sample<Attrs<"matmul">> => ({
        inputs: [
          { shape: [...lead, ...(transposeA ? [k, m] : [m, k])] },
          { shape: [...lead, ...(transposeB ? [n, k] : [k, n])] },
        ],
        attrs: { transposeA, transposeB },
        terms: Math.max(m, k, n),
      }),
    ),
  ),
);

/** Rows, width, shape of the ids. */
const LOOKUPS: readonly (readonly [rows: number, width: number, ids: Shape])[] = [
  [7, 3, [2, 4]],
  [7, 3, []],
  [7, 1, [5]],
  [1, 1, [1]],
  [4, 3, [0]],
  [257, 5, [13]],
  [5, 257, [3]],
  [3, 8, [2, 3, 40]],
];

const ids = (shape: Shape, rows: number): Input => ({ shape, dtype: "i32", domain: [0, rows - 1] });

export const productSamples: { readonly [K in ProductName]: readonly Sample<Attrs<K>>[] } = {
  matmul,
  gather: LOOKUPS.flatMap(([rows, width, shape]) => [
    { inputs: [{ shape: [rows, width] }, ids(shape, rows)], attrs: {} },
    {
      inputs: [{ shape: [rows, width], dtype: "i32", domain: [-9, 9] }, ids(shape, rows)],
      attrs: {},
    },
  ]),
  scatterAdd: LOOKUPS.map(([length, width, shape]) => ({
    inputs: [{ shape: [...shape, width] }, ids(shape, length)],
    attrs: { length },
    terms: 40,
  })),
};
