import type { Dense, Kernels } from "@muladd/tensor";
import type { Context } from "../context.ts";
import type { Matrices, Product, Range } from "./product.ts";
import { LONGEST, planOf } from "./product-plan.ts";
import { runForm } from "./product-program.ts";
import { addParts } from "./product-split.ts";

/** Parts begin at multiples of this: a whole number of every tile's depth. */
const GRAIN = 16;

export const matmul =
  (context: Context): Kernels["matmul"] =>
  (out, a, b, { batch, m, k, n, transposeA, transposeB }) =>
    multiply(context, {
      ...{ batch, m, k, n, transposeA, transposeB },
      a: dense(a, transposeA ? m : k, m * k),
      b: dense(b, transposeB ? k : n, k * n),
      out: dense(out, n, m * n),
      epilogue: {},
    });

/** Matrices without gaps. */
export const dense = (of: Dense, width: number, step = 0, at = 0): Matrices => ({
  ...{ of, at, width, step },
});

/** Records a product in the form that suits its shape. The order of every sum follows from the shape alone. */
export function multiply(context: Context, given: Product): void {
  const product = upright(given);
  const { k } = product;
  const { form, parts } = planOf(context, product);
  const reach = parts * LONGEST;
  for (let first = 0; first === 0 || first < k; first += reach) {
    const end = Math.min(first + reach, k);
    const accumulate = first > 0 || product.epilogue.accumulate;
    const epilogue = end === k ? { ...product.epilogue, accumulate } : { accumulate };
    const part = GRAIN * Math.ceil((end - first) / parts / GRAIN);
    const range = { first, end, part, parts, partStep: 0 };
    if (parts === 1) runForm(context, form, { ...product, epilogue }, range);
    else split(context, { ...product, epilogue }, range);
  }

  function split(context: Context, product: Product, range: Range): void {
    const { batch, m, n } = product;
    const width = 4 * Math.ceil(n / 4);
    const partStep = batch * m * width;
    context.scratch(parts * partStep, (of) => {
      const partial = { of, at: 0, width, step: m * width };
      runForm(context, form, { ...product, out: partial, epilogue: {} }, { ...range, partStep });
      addParts(context, product, partial, parts);
    });
  }
}

/** A single row or column of k numbers, told as a line: it is the same memory. One column is one row of the transpose. */
function upright(product: Product): Product {
  const { m, k, n, a, b, epilogue } = product;
  const lineA = m === 1 && product.transposeA && a.width === 1;
  const lineB = n === 1 && !product.transposeB && b.width === 1;
  const transposeA = product.transposeA && !lineA;
  const transposeB = product.transposeB || lineB;
  const lines = { a: lineA ? { ...a, width: k } : a, b: lineB ? { ...b, width: k } : b };
  if (b.packed || n > 1 || m === 1 || epilogue.bias || product.out.width > 1)
    return { ...product, ...lines, transposeA, transposeB };
  return {
    ...product,
    ...{ m: 1, n: m, a: lines.b, b: lines.a },
    ...{ transposeA: !transposeB, transposeB: !transposeA },
    out: { ...product.out, width: m },
  };
}
