import {
  type BinaryName,
  type Dense,
  type DType,
  denseStrides,
  type Kernels,
  size,
  type UnaryName,
  type View,
} from "@muladd/tensor";
import type { Context } from "../context.ts";
import type { ParamType } from "../program.ts";
import { erf, exp, special, tanh, trigonometry } from "../wgsl/math.ts";
import { type Walk, walk } from "../wgsl/walk.ts";

const LANES = 64;

const UNARY: Record<UnaryName, string> = {
  neg: "-x",
  exp: "expOf(x)",
  log: "logOf(x)",
  tanh: "tanhOf(x)",
  rsqrt: "inverseSqrt(x)",
  erf: "erfOf(x)",
  sin: "sinOf(x)",
  cos: "cosOf(x)",
  scale: "x * c",
  shift: "x + c",
};

const NEEDS: Partial<Record<UnaryName, string>> = {
  exp,
  tanh,
  erf,
  sin: trigonometry,
  cos: trigonometry,
  log: /* wgsl */ `
fn logOf(x: f32) -> f32 {
  if (x == 0.0) { return -infinity(); }
  if (!(x > 0.0)) { return nan(); }
  return select(log(x), x, isInfinite(x));
}`,
};

const BINARY: Record<BinaryName, (type: DType) => string> = {
  add: () => "a + b",
  sub: () => "a - b",
  mul: () => "a * b",
  div: () => "a / b",
  maximum: (type) => (type === "f32" ? "maxOrNan(a, b)" : "max(a, b)"),
  greaterEqual: (type) => `select(${type}(0), ${type}(1), ${ordered(type)}a >= b)`,
  equal: (type) => `select(${type}(0), ${type}(1), ${ordered(type)}a == b)`,
};

// Comparisons may be compiled as if there were no NaN.
const ordered = (type: DType) => (type === "f32" ? "!isNan(a) && !isNan(b) && " : "");

/** fill, copy, unary, binary and select. */
export const elementwise = (
  context: Context,
): Pick<Kernels, "fill" | "copy" | "unary" | "binary" | "select"> => ({
  fill(out, start, step) {
    const n = size(out.shape);
    const type = out.dtype;
    const program = context.program(`fill ${type}`, () => ({
      reads: {},
      writes: { out: `vec4<${type}>` },
      params: { quads: "u32", start: type, step: type },
      lanes: LANES,
      code: /* wgsl */ `
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.quads) { return; }
  let at = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
  out[i] = vec4<${type}>(p.start) + vec4<${type}>(p.step) * vec4<${type}>(at);
}`,
    }));
    const quads = Math.ceil(n / 4);
    context.run(program, [], [out], [quads, start, step], Math.ceil(quads / LANES));
  },

  unary(op, out, x, c) {
    const type = out.dtype;
    const lines = ["x", "y", "z", "w"].map((e) => `  y.${e} = f(v.${e}, p.c);`).join("\n");
    const program = context.program(`unary ${op} ${type}`, () => ({
      reads: { input: `vec4<${type}>` },
      writes: { out: `vec4<${type}>` },
      params: { quads: "u32", c: type },
      lanes: LANES,
      code: /* wgsl */ `${special}${NEEDS[op] ?? ""}
fn f(x: ${type}, c: ${type}) -> ${type} { return ${UNARY[op]}; }
fn kernel(group: u32, lane: u32) {
  let i = group * LANES + lane;
  if (i >= p.quads) { return; }
  let v = input[i];
  var y: vec4<${type}>;
${lines}
  out[i] = y;
}`,
    }));
    const quads = Math.ceil(size(out.shape) / 4);
    context.run(program, [x], [out], [quads, c], Math.ceil(quads / LANES));
  },

  binary(op, out, a, b) {
    strided(context, {
      name: `binary ${op}`,
      out: whole(out),
      inputs: { a, b },
      value: BINARY[op](a.dtype),
    });
  },

  select(out, mask, a, b) {
    const unset = mask.dtype === "f32" ? "mask == 0.0" : "mask == 0";
    // −0 and NaN are no zeros to be told from others by bits alone.
    strided(context, {
      name: "select",
      out: whole(out),
      inputs: { mask, a, b },
      value: `select(a, b, ${mask.dtype === "f32" ? `!isNan(mask) && ${unset}` : unset})`,
    });
  },

  copy(out, x) {
    const same = out.dtype === x.dtype;
    const saturated =
      "select(select(i32(clamp(x, -2147483648.0, 2147483520.0)), 2147483647, x >= 2147483648.0), 0, isNan(x))";
    strided(context, {
      name: "copy",
      out,
      inputs: { x },
      value: same ? "x" : out.dtype === "f32" ? "f32(x)" : saturated,
    });
  },
});

const whole = ({ buffer, shape, dtype }: Dense): View => ({
  buffer,
  shape,
  dtype,
  strides: denseStrides(shape),
  offset: 0,
});

interface Strided {
  readonly name: string;
  readonly out: View;
  readonly inputs: Readonly<Record<string, View>>;
  /** An expression in the names of the inputs. */
  readonly value: string;
}

/** out = value(inputs), element by element; four at a time where the innermost axis allows it. */
function strided(context: Context, { name, out, inputs, value }: Strided): void {
  const views = { out, ...inputs };
  const list = Object.values(views);
  const plan = walk(
    out.shape,
    list.map(({ strides }) => strides),
  );
  if (plan.elements === 0) return;
  // Of the innermost axis: in quads, or one number for all of it.
  const wide = fours(plan, list);
  const single = list.map((_, o) => plan.strides[o]![0] === 0);
  const rank = plan.sizes.length;
  const types = list.map(({ dtype }) => dtype);
  const shape = list.map((_, o) => (wide ? (single[o] ? "1" : "4") : "s")).join("");
  const names = Object.keys(views);
  const program = context.program(`${name} ${types.join(" ")} rank ${rank} by ${shape}`, () => {
    const params: Record<string, ParamType> = { count: "u32" };
    for (let a = 0; a < rank; a++) params[`n${a}`] = "u32";
    for (const n of names) {
      params[`${n}At`] = "u32";
      for (let a = 0; a < rank; a++) params[`${n}${a}`] = "u32";
    }
    const element = (o: number) => (wide && !single[o] ? `vec4<${types[o]}>` : `${types[o]}`);
    const buffers = Object.fromEntries(names.map((n, o) => [`${n}Data`, element(o)]));
    const { outData, ...reads } = buffers;
    const step = (a: number) => names.map((n) => `  ${n}I += i * p.${n}${a};`).join("\n");
    const axes = Array.from({ length: rank }, (_, a) =>
      a === rank - 1
        ? `  i = rest;\n${step(a)}`
        : `  i = rest % p.n${a}; rest /= p.n${a};\n${step(a)}`,
    ).join("\n");
    const args = names.slice(1).map((n, o) => `${n}: ${types[o + 1]}`);
    const load = (n: string, o: number, e: string) =>
      wide && !single[o + 1] ? `${n}V${e}` : `${n}V`;
    const call = (e: string) =>
      `f(${names
        .slice(1)
        .map((n, o) => load(n, o, e))
        .join(", ")})`;
    return {
      reads,
      writes: { outData: outData! },
      params,
      lanes: LANES,
      code: /* wgsl */ `${special}
fn f(${args.join(", ")}) -> ${types[0]} { return ${value}; }
fn kernel(group: u32, lane: u32) {
  var rest = group * LANES + lane;
  if (rest >= p.count) { return; }
  var i: u32;
${names.map((n) => `  var ${n}I = p.${n}At;`).join("\n")}
${axes}
${names
  .slice(1)
  .map((n) => `  let ${n}V = ${n}Data[${n}I];`)
  .join("\n")}
  outData[outI] = ${wide ? `vec4<${types[0]}>(${[".x", ".y", ".z", ".w"].map(call).join(", ")})` : call("")};
}`,
    };
  });
  // Units of an operand: quads, where it is read by quads.
  const unit = (o: number) => (wide && !single[o] ? 4 : 1);
  const sizes = wide ? [plan.sizes[0]! / 4, ...plan.sizes.slice(1)] : plan.sizes;
  const count = sizes.reduce((n, d) => n * d, 1);
  const numbers = list.flatMap(({ offset }, o) => [
    offset / unit(o),
    ...plan.strides[o]!.map((s, a) => (a === 0 ? s : s / unit(o))),
  ]);
  const { out: first, ...rest } = views;
  const bytes = list.reduce(
    (sum, _, o) => sum + 4 * (plan.strides[o]!.includes(0) ? 0 : plan.elements),
    0,
  );
  context.run(
    program,
    Object.values(rest),
    [first],
    [count, ...sizes, ...numbers],
    Math.ceil(count / LANES),
    { bytes },
  );
}

/** Whether the innermost axis can be walked in quads by the output and every input that varies along it. */
function fours(plan: Walk, views: readonly View[]): boolean {
  if (plan.sizes[0]! % 4 !== 0) return false;
  return views.every(({ offset }, o) => {
    const [inner, ...outer] = plan.strides[o]!;
    if (inner === 0) return o > 0;
    return inner === 1 && offset % 4 === 0 && outer.every((s) => s % 4 === 0);
  });
}
