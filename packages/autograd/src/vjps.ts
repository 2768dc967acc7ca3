import {
  type Attrs,
  add,
  cast,
  cos,
  div,
  equal,
  exp,
  expand,
  full,
  gather,
  greaterEqual,
  matmul,
  mul,
  neg,
  type OpName,
  pad,
  permute,
  reshape,
  scatterAdd,
  scatterAddTo,
  select,
  sin,
  slice,
  sum,
  type Tensor,
} from "@muladd/tensor";

/**
 * What of an op must outlive the forward pass; of all else only shape and dtype can be read. A number is one input;
 * residuals are the outs after the first.
 */
export type Saved = "inputs" | number | "outs" | "residuals";

/** An op as its derivative sees it. */
export interface Saves {
  readonly inputs: readonly Tensor[];
  /** Results, then residuals. */
  readonly outs: readonly Tensor[];
  /** True where g is known to be 1: the op's result is the function's. */
  readonly isUnit: boolean;
}

/**
 * A gradient that is added to what its input has so far, if anything, and may take that over (see `scatterAddTo`). Called
 * while g and what was saved are there: once, and before that with nothing so far where somebody watches what it adds.
 */
export type Addition = (sofar: Tensor | undefined) => Tensor;

/**
 * How one op turns the gradient of its results into gradients of its inputs: one each, `null` where there is none.
 * A gradient may have a broadcast shape: the tape sums it down to the input's.
 */
export interface Vjp<A> {
  readonly saves?: readonly Saved[];
  vjp(g: Tensor, saved: Saves, attrs: A): readonly (Tensor | Addition | null)[];
}

const inverse = (axes: readonly number[]) => axes.map((_, i) => axes.indexOf(i));

/** The derivative of each primitive, as ops: so it runs on every backend, and has derivatives itself. */
export const vjps: { readonly [K in OpName]: Vjp<Attrs<K>> } = {
  neg: { vjp: (g) => [neg(g)] },
  exp: { saves: ["outs"], vjp: (g, { outs: [y] }) => [mul(g, y!)] },
  log: { saves: ["inputs"], vjp: (g, { inputs: [x] }) => [div(g, x!)] },
  // 1 − y²
  tanh: { saves: ["outs"], vjp: (g, { outs: [y] }) => [mul(g, add(neg(mul(y!, y!)), 1))] },
  // −½ y³
  rsqrt: { saves: ["outs"], vjp: (g, { outs: [y] }) => [mul(mul(g, -0.5), mul(y!, mul(y!, y!)))] },
  // 2/√π exp(−x²)
  erf: {
    saves: ["inputs"],
    vjp: (g, { inputs: [x] }) => [mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(mul(x!, x!))))],
  },
  sin: { saves: ["inputs"], vjp: (g, { inputs: [x] }) => [mul(g, cos(x!))] },
  cos: { saves: ["inputs"], vjp: (g, { inputs: [x] }) => [neg(mul(g, sin(x!)))] },
  scale: { vjp: (g, _, { c }) => [mul(g, c)] },
  shift: { vjp: (g) => [g] },

  add: { vjp: (g) => [g, g] },
  sub: { vjp: (g) => [g, neg(g)] },
  mul: { saves: ["inputs"], vjp: (g, { inputs: [a, b] }) => [mul(g, b!), mul(g, a!)] },
  // d(a/b) = da/b − (a/b) db/b
  div: {
    saves: ["inputs", "outs"],
    vjp: (g, { inputs: [, b], outs: [y] }) => {
      const ga = div(g, b!);
      return [ga, neg(mul(ga, y!))];
    },
  },
  maximum: {
    saves: ["inputs"],
    vjp: (g, { inputs: [a, b] }) => {
      const first = greaterEqual(a!, b!);
      return [mul(g, first), mul(g, add(neg(first), 1))];
    },
  },
  greaterEqual: { vjp: () => [null, null] },
  equal: { vjp: () => [null, null] },
  // By selection, not by multiplying with the mask: a NaN in the branch not taken must not leak.
  select: {
    saves: ["inputs"],
    vjp: (g, { inputs: [mask] }) => {
      const zero = full(g.backend, [], 0);
      return [null, select(mask!, g, zero), select(mask!, zero, g)];
    },
  },

  sum: { vjp: (g, { inputs: [x] }) => [expand(g, x!.shape)] },
  max: {
    saves: ["inputs", "outs"],
    vjp: (g, { inputs: [x], outs: [y] }, { axis }) => {
      const largest = equal(x!, y!);
      return [mul(div(largest, sum(largest, axis)), g)];
    },
  },

  reshape: { vjp: (g, { inputs: [x] }) => [reshape(g, x!.shape)] },
  permute: { vjp: (g, _, { axes }) => [permute(g, inverse(axes))] },
  expand: { vjp: (g) => [g] },
  slice: {
    vjp: (g, { inputs: [x] }, { axis, start }) => [pad(g, axis, start, x!.shape[axis]!)],
  },
  pad: {
    vjp: (g, { inputs: [x] }, { axis, start }) => [slice(g, axis, start, start + x!.shape[axis]!)],
  },
  concat: {
    vjp: (g, { inputs }, { axis }) => {
      let at = 0;
      return inputs.map((x) => {
        const start = at;
        at += x.shape[axis]!;
        return slice(g, axis, start, at);
      });
    },
  },
  cast: {
    vjp: (g, { inputs: [x] }) => [x!.dtype === "f32" && g.dtype === "f32" ? cast(g, "f32") : null],
  },

  // C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC; a transposed operand gets a transposed gradient
  matmul: {
    saves: ["inputs"],
    vjp: (g, { inputs: [a, b] }, { transposeA = false, transposeB = false }) => [
      transposeA
        ? matmul(b!, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b!, { transposeB: !transposeB }),
      transposeB
        ? matmul(g, a!, { transposeA: true, transposeB: transposeA })
        : matmul(a!, g, { transposeA: !transposeA }),
    ],
  },
  gather: {
    saves: [1],
    vjp: (g, { inputs: [table, ids] }) => [
      (sofar) => (sofar ? scatterAddTo(sofar, g, ids!) : scatterAdd(g, ids!, table!.shape[0]!)),
      null,
    ],
  },
  scatterAdd: {
    saves: ["inputs"],
    // By selection: gather gives NaN where scatterAdd ignored a row.
    vjp: (g, { inputs: [, ids] }, { length }) => {
      const { backend } = g;
      const inside = mul(
        greaterEqual(ids!, full(backend, [], 0, "i32")),
        greaterEqual(full(backend, [], length - 1, "i32"), ids!),
      );
      const column = reshape(inside, [...ids!.shape, 1]);
      return [select(column, gather(g, ids!), full(backend, [], 0)), null];
    },
  },

  iota: { vjp: () => [] },
  uniform: { vjp: () => [] },
};
