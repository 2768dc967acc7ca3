import type { BinaryName, Dense, DType, Kernels, ReduceName, UnaryName, View } from "./backend.ts";
import { ShapeError } from "./errors.ts";
import {
  broadcast,
  broadcastStrides,
  denseStrides,
  type Shape,
  sameShape,
  show,
  size,
} from "./shape.ts";

/** What an op's result is: everything but the numbers. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One row of the table: what comes out, and which kernel computes it. */
export interface Op<A> {
  infer(inputs: readonly Spec[], attrs: A): Spec;
  /** Absent when the result only renames the input's memory. */
  run?(kernels: Kernels, out: Dense, inputs: readonly Dense[], attrs: A): void;
}

export type None = Record<never, never>;
const op = <A>(row: Op<A>): Op<A> => row;

const view = (
  x: Dense,
  shape: Shape = x.shape,
  strides: readonly number[] = denseStrides(x.shape),
  offset = 0,
): View => ({ buffer: x.buffer, dtype: x.dtype, shape, strides, offset });
const stretched = (x: Dense, to: Shape): View => view(x, to, broadcastStrides(x.shape, to));

/** Throws unless `x` is f32. */
function float(name: string, x: Spec): Spec {
  if (x.dtype !== "f32") throw new ShapeError(`${name}: needs f32, got ${x.dtype}; cast it first`);
  return x;
}

function checkAxis(name: string, shape: Shape, axis: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
    throw new ShapeError(`${name}: ${show(shape)} has no axis ${axis}`);
}

const replaced = (shape: Shape, axis: number, length: number): number[] =>
  shape.map((d, i) => (i === axis ? length : d));

const unary = (name: UnaryName) =>
  op<None>({
    infer: ([x]) => (name === "neg" ? x! : float(name, x!)),
    run: (k, out, [x]) => k.unary(name, out, x!, 0),
  });

const withConstant = (name: UnaryName) =>
  op<{ readonly c: number }>({
    infer: ([x], { c }) => {
      if (x!.dtype === "i32" && !Number.isInteger(c))
        throw new ShapeError(`${name}: i32 takes a whole number, got ${c}; cast it to f32 first`);
      return x!;
    },
    run: (k, out, [x], { c }) => k.unary(name, out, x!, c),
  });

const binary = (name: BinaryName) =>
  op<None>({
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype)
        throw new ShapeError(`${name}: ${a!.dtype} does not fit ${b!.dtype}; cast one of them`);
      if (name === "div") float(name, a!);
      const shape = broadcast(a!.shape, b!.shape);
      if (!shape)
        throw new ShapeError(
          `${name}: ${show(a!.shape)} does not fit ${show(b!.shape)}; axes align at the right, and only 1 stretches`,
        );
      return { shape, dtype: a!.dtype };
    },
    run: (k, out, [a, b]) =>
      k.binary(name, out, stretched(a!, out.shape), stretched(b!, out.shape)),
  });

/** Keeps the reduced axis, with length 1. */
const reduce = (name: ReduceName) =>
  op<{ readonly axis: number }>({
    infer: ([x], { axis }) => {
      checkAxis(name, x!.shape, axis);
      return { shape: replaced(x!.shape, axis, 1), dtype: x!.dtype };
    },
    run: (k, out, [x], { axis }) =>
      k.reduce(name, out, x!, [
        size(x!.shape.slice(0, axis)),
        x!.shape[axis]!,
        size(x!.shape.slice(axis + 1)),
      ]),
  });

interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Rows and columns of a matmul operand as the product sees it. */
function matrix(x: Spec, transposed = false): [rows: number, columns: number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Every primitive. A row here needs a row in autograd's `vjps` and a sample in conformance's `samples`. */
export const ops = {
  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  tanh: unary("tanh"),
  rsqrt: unary("rsqrt"),
  erf: unary("erf"),
  sin: unary("sin"),
  cos: unary("cos"),
  scale: withConstant("scale"),
  shift: withConstant("shift"),

  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  maximum: binary("maximum"),
  greaterEqual: binary("greaterEqual"),
  equal: binary("equal"),

  sum: reduce("sum"),
  max: reduce("max"),

  select: op<None>({
    infer: ([mask, a, b]) => {
      if (a!.dtype !== b!.dtype)
        throw new ShapeError(`select: ${a!.dtype} does not fit ${b!.dtype}; cast one of them`);
      const branches = broadcast(a!.shape, b!.shape);
      const shape = branches && broadcast(mask!.shape, branches);
      if (!shape)
        throw new ShapeError(
          `select: mask ${show(mask!.shape)}, ${show(a!.shape)} and ${show(b!.shape)} do not fit`,
        );
      return { shape, dtype: a!.dtype };
    },
    run: (k, out, [mask, a, b]) =>
      k.select(
        out,
        stretched(mask!, out.shape),
        stretched(a!, out.shape),
        stretched(b!, out.shape),
      ),
  }),

  reshape: op<{ readonly shape: Shape }>({
    infer: ([x], { shape }) => {
      if (size(shape) !== size(x!.shape))
        throw new ShapeError(
          `reshape: ${show(x!.shape)} has ${size(x!.shape)} elements, ${show(shape)} has ${size(shape)}`,
        );
      return { shape, dtype: x!.dtype };
    },
  }),

  permute: op<{ readonly axes: readonly number[] }>({
    infer: ([x], { axes }) => {
      if (
        axes.length !== x!.shape.length ||
        new Set(axes).size !== axes.length ||
        axes.some((a) => x!.shape[a] === undefined)
      )
        throw new ShapeError(`permute: axes ${show(axes)} do not reorder ${show(x!.shape)}`);
      return { shape: axes.map((a) => x!.shape[a]!), dtype: x!.dtype };
    },
    run: (k, out, [x], { axes }) => {
      const strides = denseStrides(x!.shape);
      k.copy(
        view(out),
        view(
          x!,
          out.shape,
          axes.map((a) => strides[a]!),
        ),
      );
    },
  }),

  expand: op<{ readonly shape: Shape }>({
    infer: ([x], { shape }) => {
      const fit = broadcast(x!.shape, shape);
      if (!fit || !sameShape(fit, shape))
        throw new ShapeError(`expand: ${show(x!.shape)} does not stretch to ${show(shape)}`);
      return { shape, dtype: x!.dtype };
    },
    run: (k, out, [x]) => k.copy(view(out), stretched(x!, out.shape)),
  }),

  slice: op<{ readonly axis: number; readonly start: number; readonly end: number }>({
    infer: ([x], { axis, start, end }) => {
      checkAxis("slice", x!.shape, axis);
      const whole = Number.isInteger(start) && Number.isInteger(end);
      if (!(whole && start >= 0 && start <= end && end <= x!.shape[axis]!))
        throw new ShapeError(`slice: ${start} … ${end} of axis ${axis} leaves ${show(x!.shape)}`);
      return { shape: replaced(x!.shape, axis, end - start), dtype: x!.dtype };
    },
    run: (k, out, [x], { axis, start }) => {
      const strides = denseStrides(x!.shape);
      k.copy(view(out), view(x!, out.shape, strides, start * strides[axis]!));
    },
  }),

  /** Zeros of length `length` on `axis`, holding x from `start`: the adjoint of slice. */
  pad: op<{ readonly axis: number; readonly start: number; readonly length: number }>({
    infer: ([x], { axis, start, length }) => {
      checkAxis("pad", x!.shape, axis);
      const whole = Number.isInteger(start) && Number.isInteger(length);
      if (!(whole && start >= 0 && start + x!.shape[axis]! <= length))
        throw new ShapeError(
          `pad: ${show(x!.shape)} at ${start} of axis ${axis} does not fit ${length}`,
        );
      return { shape: replaced(x!.shape, axis, length), dtype: x!.dtype };
    },
    run: (k, out, [x], { axis, start }) => {
      const strides = denseStrides(out.shape);
      k.fill(out, 0, 0);
      k.copy(view(out, x!.shape, strides, start * strides[axis]!), view(x!));
    },
  }),

  concat: op<{ readonly axis: number }>({
    infer: (xs, { axis }) => {
      const [first] = xs as [Spec];
      checkAxis("concat", first.shape, axis);
      for (const x of xs)
        if (
          x.dtype !== first.dtype ||
          show(replaced(x.shape, axis, 0)) !== show(replaced(first.shape, axis, 0))
        )
          throw new ShapeError(
            `concat: ${x.dtype} ${show(x.shape)} does not join ${first.dtype} ${show(first.shape)} along axis ${axis}`,
          );
      const length = xs.reduce((n, x) => n + x.shape[axis]!, 0);
      return { shape: replaced(first.shape, axis, length), dtype: first.dtype };
    },
    run: (k, out, xs, { axis }) => {
      const strides = denseStrides(out.shape);
      let at = 0;
      for (const x of xs) {
        k.copy(view(out, x.shape, strides, at * strides[axis]!), view(x));
        at += x.shape[axis]!;
      }
    },
  }),

  /** f32 → i32 truncates towards zero and saturates; NaN gives 0. */
  cast: op<{ readonly dtype: DType }>({
    infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
    run: (k, out, [x]) => k.copy(view(out), view(x!)),
  }),

  matmul: op<Transposes>({
    infer: ([a, b], { transposeA, transposeB }) => {
      float("matmul", a!);
      float("matmul", b!);
      if (a!.shape.length < 2 || b!.shape.length < 2)
        throw new ShapeError(
          `matmul: ${show(a!.shape)} and ${show(b!.shape)} need two axes at least; reshape a vector to (1, n) or (n, 1)`,
        );
      const [m, ka] = matrix(a!, transposeA);
      const [kb, n] = matrix(b!, transposeB);
      const lead = a!.shape.slice(0, -2);
      const same = lead.join() === b!.shape.slice(0, -2).join();
      if (ka !== kb || !same) {
        const flipped = !same
          ? "the leading axes must be equal"
          : matrix(a!, !transposeA)[1] === kb
            ? `did you mean transposeA${transposeA ? ": false" : ""}?`
            : matrix(b!, !transposeB)[0] === ka
              ? `did you mean transposeB${transposeB ? ": false" : ""}?`
              : `the inner lengths ${ka} and ${kb} differ`;
        throw new ShapeError(
          `matmul: ${show(a!.shape)} does not fit ${show(b!.shape)}; ${flipped}`,
        );
      }
      return { shape: [...lead, m, n], dtype: "f32" };
    },
    run: (k, out, [a, b], { transposeA = false, transposeB = false }) => {
      const [m, n] = out.shape.slice(-2) as [number, number];
      const [, inner] = matrix(a!, transposeA);
      const batch = size(out.shape.slice(0, -2));
      k.matmul(out, a!, b!, { batch, m, k: inner, n, transposeA, transposeB });
    },
  }),

  /** table (V, C), ids (…) i32 → (…, C) */
  gather: op<None>({
    infer: ([table, ids]) => {
      if (table!.shape.length !== 2 || ids!.dtype !== "i32")
        throw new ShapeError(
          `gather: needs a table (V, C) and i32 ids, got ${show(table!.shape)} and ${ids!.dtype} ${show(ids!.shape)}`,
        );
      return { shape: [...ids!.shape, table!.shape[1]!], dtype: table!.dtype };
    },
    run: (k, out, [table, ids]) => k.gather(out, table!, ids!),
  }),

  /** rows (…, C), ids (…) i32 → (length, C): the adjoint of gather. */
  scatterAdd: op<{ readonly length: number }>({
    infer: ([rows, ids], { length }) => {
      if (ids!.dtype !== "i32" || show(rows!.shape.slice(0, -1)) !== show(ids!.shape))
        throw new ShapeError(
          `scatterAdd: needs rows (…, C) and i32 ids (…), got ${show(rows!.shape)} and ${ids!.dtype} ${show(ids!.shape)}`,
        );
      return { shape: [length, rows!.shape.at(-1)!], dtype: float("scatterAdd", rows!).dtype };
    },
    run: (k, out, [rows, ids]) => {
      k.fill(out, 0, 0);
      k.scatterAdd(out, rows!, ids!);
    },
  }),

  /** start + step · i, in row-major order: a constant is a step of 0. */
  iota: op<{
    readonly shape: Shape;
    readonly start: number;
    readonly step: number;
    readonly dtype: DType;
  }>({
    infer: (_, { shape, dtype }) => ({ shape, dtype }),
    run: (k, out, _, { start, step }) => k.fill(out, start, step),
  }),

  uniform: op<{
    readonly shape: Shape;
    readonly key: readonly [number, number];
    readonly counter: number;
  }>({
    infer: (_, { shape }) => ({ shape, dtype: "f32" }),
    run: (k, out, _, { key, counter }) => k.uniform(out, key, counter),
  }),
} satisfies Record<string, Op<never>>;

export type OpName = keyof typeof ops;
export type Attrs<K extends OpName> = (typeof ops)[K] extends Op<infer A> ? A : never;
