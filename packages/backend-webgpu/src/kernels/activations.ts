import { type Dense, type FusedKernels, size } from "@muladd/tensor";
import type { Context } from "../context.ts";
import { activations } from "../wgsl/activations.ts";
import { exp, special } from "../wgsl/math.ts";

const LANES = 64;
const ELEMENTS = ["x", "y", "z", "w"] as const;

/** GELU in both forms, with its slope where one is asked for, and SwiGLU with its gradient: four numbers a lane. */
export const activationKernels = (
  context: Context,
): Pick<FusedKernels, "gelu" | "geluTanh" | "swiglu" | "swigluGrad"> => {
  const activate =
    (name: "gelu" | "geluTanh") => (out: Dense, slope: Dense | undefined, x: Dense) => {
      const lines = ELEMENTS.map(
        (e) =>
          `  y.${e} = ${name}Of(v.${e});${slope ? ` slopes.${e} = ${name}Slope(v.${e});` : ""}`,
      );
      const program = context.program(`${name}${slope ? " + slope" : ""}`, () => ({
        reads: { x: "vec4<f32>" },
        writes: { out: "vec4<f32>", ...(slope ? { slope: "vec4<f32>" } : {}) },
        params: { quads: "u32" },
        lanes: LANES,
        code: /* wgsl */ `${special}${activations[name]}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.quads) { return; }
  let v = x[i];
  var y: vec4<f32>;
${slope ? "  var slopes: vec4<f32>;" : ""}
${lines.join("\n")}
  out[i] = y;
${slope ? "  slope[i] = slopes;" : ""}
}`,
      }));
      const quads = Math.ceil(size(x.shape) / 4);
      context.run(program, [x], slope ? [out, slope] : [out], [quads], Math.ceil(quads / LANES));
    };

  // 1 / (1 + e^−x); e^−x may be infinite, and the quotient 0 then.
  const sigmoid = /* wgsl */ `${special}${exp}
fn sigmoid(v: vec4<f32>) -> vec4<f32> {
  let e = vec4<f32>(expOf(-v.x), expOf(-v.y), expOf(-v.z), expOf(-v.w));
  return select(1.0 / (1.0 + e), vec4<f32>(), e > vec4<f32>(3.0e38));
}
`;

  return {
    gelu: activate("gelu"),
    geluTanh: activate("geluTanh"),

    swiglu(out, gate, up) {
      const program = context.program("swiglu", () => ({
        reads: { gate: "vec4<f32>", up: "vec4<f32>" },
        writes: { out: "vec4<f32>" },
        params: { quads: "u32" },
        lanes: LANES,
        code: /* wgsl */ `${sigmoid}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.quads) { return; }
  out[i] = gate[i] * sigmoid(gate[i]) * up[i];
}`,
      }));
      const quads = Math.ceil(size(out.shape) / 4);
      context.run(program, [gate, up], [out], [quads], Math.ceil(quads / LANES));
    },

    swigluGrad(dgate, dup, gate, up, g) {
      const program = context.program("swigluGrad", () => ({
        reads: { gate: "vec4<f32>", up: "vec4<f32>", g: "vec4<f32>" },
        writes: { dgate: "vec4<f32>", dup: "vec4<f32>" },
        params: { quads: "u32" },
        lanes: LANES,
        code: /* wgsl */ `${sigmoid}
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.quads) { return; }
  let s = sigmoid(gate[i]);
  dgate[i] = g[i] * up[i] * s * (1.0 + gate[i] * (1.0 - s));
  dup[i] = g[i] * gate[i] * s;
}`,
      }));
      const quads = Math.ceil(size(gate.shape) / 4);
      context.run(program, [gate, up, g], [dgate, dup], [quads], Math.ceil(quads / LANES));
    },
  };
};
