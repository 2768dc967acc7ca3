import type { Activation, Dense } from "@muladd/tensor";
import { activations } from "../wgsl/activations.ts";
import { special } from "../wgsl/math.ts";

/**
 * What becomes of a product before it is stored: act(product + out + bias) + residual, each part where it is given. Residual
 * and slope lie like the output.
 */
export interface Epilogue {
  /** Adds to what `out` holds. */
  readonly accumulate?: boolean | undefined;
  /** (n). */
  readonly bias?: Dense | undefined;
  readonly activation?: Activation | undefined;
  /** Takes the derivative of the activation. */
  readonly slope?: Dense | undefined;
  readonly residual?: Dense | undefined;
}

/** For the names of programs: " + bias, gelu". */
export function epilogueKey(epilogue: Epilogue): string {
  const { accumulate, bias, activation, slope, residual } = epilogue;
  const parts = [
    accumulate && "out",
    bias && "bias",
    activation,
    slope && "slope",
    residual && "residual",
  ].filter(Boolean);
  return parts.length ? ` + ${parts.join(", ")}` : "";
}

/** Buffers that the text needs, by name and type, beside the product's operands. */
export function epilogueBuffers({ bias, slope, residual }: Epilogue, wide: boolean) {
  const type = wide ? "vec4<f32>" : "f32";
  return {
    reads: { ...(bias && { bias: type }), ...(residual && { residual: type }) },
    writes: { out: type, ...(slope && { slope: type }) },
  };
}

/** In the order of {@link epilogueBuffers}. */
export const epilogueOperands = (out: Dense, { bias, slope, residual }: Epilogue) => ({
  reads: [...(bias ? [bias] : []), ...(residual ? [residual] : [])],
  writes: [out, ...(slope ? [slope] : [])],
});

/**
 * `store(base, row, column, total)` for four numbers of a row from a column that is a multiple of 4 on; those outside of
 * m × n are dropped.
 */
export function epilogueCode(epilogue: Epilogue, wide: boolean): string {
  const { accumulate, bias, activation, slope, residual } = epilogue;
  const type = wide ? "vec4<f32>" : "f32";
  const each = (f: string) =>
    wide ? `vec4<f32>(${["x", "y", "z", "w"].map((e) => `${f}(v.${e})`).join(", ")})` : `${f}(v)`;
  const lines = [
    accumulate && "v += out[at];",
    bias && `v += bias[column${wide ? " / 4u" : ""}];`,
    activation && slope && `slope[at] = ${each(`${activation}Slope`)};`,
    activation && `v = ${each(`${activation}Of`)};`,
    residual && "v += residual[at];",
  ].filter(Boolean);
  return /* wgsl */ `${activation ? special + activations[activation] : ""}
fn finish(at: u32, column: u32, total: ${type}) {
  var v = total;
${lines.map((line) => `  ${line}\n`).join("")}  out[at] = v;
}
fn store(base: u32, row: u32, column: u32, total: vec4<f32>) {
  if (row >= p.m || column >= p.n) { return; }
${
  wide
    ? "  finish(base + row * p.outWidth + column / 4u, column, total);"
    : `  let at = base + row * p.outWidth + column;
  for (var i = 0u; i < min(4u, p.n - column); i++) { finish(at + i, column + i, total[i]); }`
}
}
`;
}
