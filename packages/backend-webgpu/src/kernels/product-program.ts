import type { Context } from "../context.ts";
import type { Program } from "../program.ts";
import { packedBuffers } from "../wgsl/packed.ts";
import { epilogueBuffers, epilogueCode, epilogueKey, epilogueOperands } from "./epilogue.ts";
import {
  type Layout,
  layoutOf,
  numbersOf,
  PARAMS,
  type Product,
  type Range,
  workOf,
} from "./product.ts";
import { operandCode, placeCode } from "./product-operands.ts";

/** How a form of the product is written. Its code has what `operandCode`, `placeCode` and `epilogueCode` declare. */
export interface Form {
  /** For the names of programs: "direct 8×8". */
  readonly key: string;
  /** Numbers of the output that a workgroup makes. */
  readonly tile: readonly [rows: number, columns: number];
  readonly lanes: number;
  readonly subgroups?: boolean;
  readonly f16?: boolean;
  /** Blocks of a come as vectors over k, one for each row. */
  readonly byRow: boolean;
  readonly code: (layout: Layout) => string;
}

/** Runs a product in a form, over a range of k. */
export function runForm(context: Context, form: Form, product: Product, range: Range): void {
  const { a, b, out, epilogue, batch, m, n } = product;
  const layout = layoutOf(product);
  const name = `matmul ${form.key} ${layout.key}${epilogueKey(epilogue)}`;
  const program = context.program(name, () => programOf(form, layout));
  const [down, across] = [Math.ceil(m / form.tile[0]), Math.ceil(n / form.tile[1])];
  const operands = epilogueOperands(out.of, epilogue);
  context.run(
    program,
    [a.of, b.of, ...(b.packed?.scales ? [b.packed.scales] : []), ...operands.reads],
    operands.writes,
    numbersOf(product, layout, range, [down, across]),
    range.parts * batch * down * across,
    workOf(product, range),
  );
}

function programOf(form: Form, layout: Layout): Omit<Program, "name"> {
  const { quads, epilogue, packed } = layout;
  const type = (wide: boolean) => (wide ? "vec4<f32>" : "f32");
  const buffers = epilogueBuffers(epilogue, quads.out);
  return {
    reads: {
      a: type(quads.a),
      ...(packed ? packedBuffers("b", packed) : { b: type(quads.b) }),
      ...buffers.reads,
    },
    writes: buffers.writes,
    params: PARAMS,
    lanes: form.lanes,
    ...(form.subgroups && { subgroups: true }),
    ...(form.f16 && { f16: true }),
    code:
      operandCode(layout, form.byRow) +
      placeCode(...form.tile) +
      epilogueCode(epilogue, quads.out) +
      form.code(layout),
  };
}
