import { expect, test } from "vitest";
import { type DType, fused, ops, type Shape, ShapeError, type Spec } from "../src/index.ts";

const f32 = (...shape: number[]): Spec => ({ shape, dtype: "f32" });
const i32 = (...shape: number[]): Spec => ({ shape, dtype: "i32" });

const message = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    expect(error).toBeInstanceOf(ShapeError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

test("matmul says which operand to transpose", () => {
  expect(message(() => ops.matmul.infer([f32(4, 3), f32(4, 5)], {}))).toBe(
    "matmul: (4, 3) does not fit (4, 5); did you mean transposeA?",
  );
  expect(message(() => ops.matmul.infer([f32(4, 3), f32(5, 3)], {}))).toBe(
    "matmul: (4, 3) does not fit (5, 3); did you mean transposeB?",
  );
  expect(message(() => ops.matmul.infer([f32(4, 3), f32(3, 5)], { transposeA: true }))).toBe(
    "matmul: (4, 3) does not fit (3, 5); did you mean transposeA: false?",
  );
  expect(message(() => ops.matmul.infer([f32(4, 3), f32(7, 5)], {}))).toBe(
    "matmul: (4, 3) does not fit (7, 5); the inner lengths 3 and 7 differ",
  );
});

test("matmul says what else may be wrong", () => {
  expect(message(() => ops.matmul.infer([f32(2, 4, 3), f32(3, 5)], {}))).toMatch(
    /\(2, 4, 3\) does not fit \(3, 5\); the leading axes must be equal/,
  );
  expect(message(() => ops.matmul.infer([f32(3), f32(3, 5)], {}))).toMatch(
    /need two axes at least; reshape a vector/,
  );
  expect(message(() => ops.matmul.infer([i32(2, 3), f32(3, 5)], {}))).toBe(
    "matmul: needs f32, got i32; cast it first",
  );
});

const A = { transposeA: true };
const B = { transposeB: true };
const plain = { bias: false, residual: false, activation: undefined };
test.each([
  [[4, 3], [3, 5], {}, [4, 5]],
  [[3, 4], [3, 5], A, [4, 5]],
  [[4, 3], [5, 3], B, [4, 5]],
  [[3, 4], [5, 3], { ...A, ...B }, [4, 5]],
  [[7, 2, 4, 3], [7, 2, 3, 5], {}, [7, 2, 4, 5]],
])("matmul of %j and %j with %j is %j", (a, b, attrs, shape) => {
  expect(ops.matmul.infer([f32(...a), f32(...b)], attrs)).toEqual(f32(...shape));
});

test.each([
  [
    "add",
    () => ops.add.infer([f32(2, 3), f32(2)], {}),
    /^add: \(2, 3\) does not fit \(2\); axes align at the right/,
  ],
  [
    "mul",
    () => ops.mul.infer([f32(2), i32(2)], {}),
    /^mul: f32 does not fit i32; cast one of them/,
  ],
  ["div", () => ops.div.infer([i32(2), i32(2)], {}), /^div: needs f32, got i32/],
  ["exp", () => ops.exp.infer([i32(2)], {}), /^exp: needs f32, got i32/],
  ["sum", () => ops.sum.infer([f32(2, 3)], { axis: 2 }), /^sum: \(2, 3\) has no axis 2/],
  ["max", () => ops.max.infer([f32(2, 3)], { axis: -1 }), /^max: \(2, 3\) has no axis -1/],
  [
    "select",
    () => ops.select.infer([f32(2), f32(3), f32(3)], {}),
    /^select: mask \(2\), \(3\) and \(3\) do not fit/,
  ],
  [
    "select's dtypes",
    () => ops.select.infer([f32(2), f32(2), i32(2)], {}),
    /^select: f32 does not fit i32/,
  ],
  [
    "reshape",
    () => ops.reshape.infer([f32(2, 3)], { shape: [4] }),
    /^reshape: \(2, 3\) has 6 elements, \(4\) has 4/,
  ],
  [
    "permute",
    () => ops.permute.infer([f32(2, 3)], { axes: [0, 0] }),
    /^permute: axes \(0, 0\) do not reorder \(2, 3\)/,
  ],
  ["permute's rank", () => ops.permute.infer([f32(2, 3)], { axes: [0] }), /do not reorder/],
  [
    "expand",
    () => ops.expand.infer([f32(2, 3)], { shape: [4, 3] }),
    /^expand: \(2, 3\) does not stretch to \(4, 3\)/,
  ],
  ["expand's rank", () => ops.expand.infer([f32(2, 3)], { shape: [3] }), /does not stretch/],
  [
    "expand's shrinking",
    () => ops.expand.infer([f32(2, 3)], { shape: [1, 3] }),
    /does not stretch/,
  ],
  [
    "slice",
    () => ops.slice.infer([f32(5)], { axis: 0, start: 2, end: 6 }),
    /^slice: 2 … 6 of axis 0 leaves \(5\)/,
  ],
  ["slice's order", () => ops.slice.infer([f32(5)], { axis: 0, start: 3, end: 2 }), /leaves \(5\)/],
  [
    "slice's whole numbers",
    () => ops.slice.infer([f32(5)], { axis: 0, start: 0.5, end: 2 }),
    /^slice: 0.5 … 2 of axis 0 leaves \(5\)/,
  ],
  [
    "pad's whole numbers",
    () => ops.pad.infer([f32(5)], { axis: 0, start: 0, length: 6.5 }),
    /does not fit 6.5/,
  ],
  [
    "scale of i32",
    () => ops.scale.infer([i32(5)], { c: 0.5 }),
    /^scale: i32 takes a whole number, got 0.5; cast it to f32 first/,
  ],
  [
    "expand without elements",
    () => ops.expand.infer([f32(0, 2)], { shape: [0, 1] }),
    /^expand: \(0, 2\) does not stretch to \(0, 1\)/,
  ],
  [
    "slice's axis",
    () => ops.slice.infer([f32(5)], { axis: 1, start: 0, end: 1 }),
    /^slice: \(5\) has no axis 1/,
  ],
  [
    "pad",
    () => ops.pad.infer([f32(5)], { axis: 0, start: 2, length: 6 }),
    /^pad: \(5\) at 2 of axis 0 does not fit 6/,
  ],
  [
    "concat",
    () => ops.concat.infer([f32(2, 3), f32(3, 2)], { axis: 0 }),
    /^concat: f32 \(3, 2\) does not join f32 \(2, 3\) along axis 0/,
  ],
  [
    "concat's dtypes",
    () => ops.concat.infer([f32(2), i32(2)], { axis: 0 }),
    /i32 \(2\) does not join f32 \(2\)/,
  ],
  [
    "gather",
    () => ops.gather.infer([f32(2, 3), f32(2)], {}),
    /^gather: needs a table \(V, C\) and i32 ids/,
  ],
  ["gather's rank", () => ops.gather.infer([f32(2), i32(2)], {}), /^gather: needs a table/],
  [
    "scatterAdd",
    () => ops.scatterAdd.infer([f32(2, 3), i32(3)], { length: 4 }),
    /^scatterAdd: needs rows \(…, C\) and i32 ids/,
  ],
  [
    "softmax",
    () => fused.softmax.infer([f32()], {}),
    /^softmax: needs f32 of one axis at least, got f32 \(\)/,
  ],
  ["gelu", () => fused.gelu.infer([i32(2)], {}), /^gelu: needs f32 operands of one shape/],
  [
    "layerNorm",
    () => fused.layerNorm.infer([f32(2, 3), f32(2)], { epsilon: 1 }),
    /^layerNorm: gain and bias must be f32 \(3\) for x \(2, 3\), got f32 \(2\)/,
  ],
  [
    "crossEntropy",
    () => fused.crossEntropy.infer([f32(2, 3), f32(2)], {}),
    /^crossEntropy: logits \(2, 3\) need i32 targets \(2\), got f32 \(2\)/,
  ],
  [
    "swiglu",
    () => fused.swiglu.infer([f32(2), f32(3)], {}),
    /^swiglu: needs f32 operands of one shape, got f32 \(2\), f32 \(3\)/,
  ],
  [
    "linearCrossEntropy's weight",
    () => fused.linearCrossEntropy.infer([f32(2, 3), f32(3, 4), i32(2)], { scale: 1 }),
    /^linearCrossEntropy: hidden \(2, 3\), weight \(3, 4\), targets \(2\): the weight is f32 \(vocabulary, 3\)/,
  ],
  [
    "linearCrossEntropy's targets",
    () => fused.linearCrossEntropy.infer([f32(2, 3), f32(4, 3), f32(2)], { scale: 1 }),
    /: targets are i32 \(2\)/,
  ],
  [
    "linearCrossEntropy's hidden",
    () => fused.linearCrossEntropy.infer([f32(), f32(4, 3), i32()], { scale: 1 }),
    /: hidden is f32 \(…, width\)/,
  ],
  [
    "linear",
    () => fused.linear.infer([f32(2, 3), f32(3, 4)], plain),
    /^linear: x \(2, 3\) does not fit the weight \(3, 4\); a weight is \(outputs, inputs\)/,
  ],
  [
    "linear's bias",
    () => fused.linear.infer([f32(2, 3), f32(4, 3), f32(3)], { ...plain, bias: true }),
    /^linear: the bias \(3\) must be \(4\)/,
  ],
  [
    "linear's residual",
    () => fused.linear.infer([f32(2, 3), f32(4, 3), f32(2, 3)], { ...plain, residual: true }),
    /^linear: the residual f32 \(2, 3\) must be f32 \(2, 4\), as the result/,
  ],
] as const)("%s names operands and remedy", (_, body, expected) => {
  expect(message(body)).toMatch(expected);
});

const attention = (shapes: readonly Shape[], attrs: object, dtype: DType = "f32") =>
  fused.attention.infer(
    shapes.map((shape) => ({ shape, dtype })),
    { heads: 2, keyHeads: 2, causal: true, scale: 1, ...attrs },
  );

test("attention infers its result and the residual from packed and from separate operands", () => {
  expect(attention([[2, 5, 24]], {})).toEqual([f32(2, 5, 8), f32(2, 2, 5)]);
  expect(attention([[2, 5, 24]], { heads: 4 })).toEqual([f32(2, 5, 12), f32(2, 4, 5)]);
  expect(
    attention(
      [
        [2, 1, 8],
        [2, 6, 4],
        [2, 6, 4],
      ],
      { keyHeads: 1, keys: 3 },
    ),
  ).toEqual([f32(2, 1, 8), f32(2, 2, 1)]);
});

test.each([
  [[[2, 5, 25]], {}, /the width 25 does not divide among the heads/],
  [[[2, 5, 24]], { heads: 3 }, /the key heads must divide the heads/],
  [[[5, 24]], {}, /operands are f32 \(batch, time, width\)/],
  [
    [
      [2, 5, 8],
      [2, 5, 8],
      [2, 5, 4],
    ],
    {},
    /k and v must be \(2, 5, 8\)/,
  ],
  [
    [
      [2, 5, 8],
      [2, 4, 8],
      [2, 4, 8],
    ],
    {},
    /5 causal queries need 5 keys, there are 4/,
  ],
  [
    [
      [2, 1, 8],
      [2, 4, 8],
      [2, 4, 8],
    ],
    { keys: 5 },
    /5 keys are more than the 4 there are/,
  ],
  [
    [
      [2, 1, 8],
      [2, 4, 8],
      [2, 4, 8],
    ],
    { keys: -1, causal: false },
    /-1 keys in use must be a whole number/,
  ],
  [[[2, 5, 24]], { keys: 3, causal: false }, /keys in use apply to k and v apart/],
] as const)("attention of %j with %j says what does not fit", (shapes, attrs, expected) => {
  expect(message(() => attention(shapes, attrs))).toMatch(expected);
});

test.each([
  [
    f32(5, 8),
    f32(5, 4),
    {},
    /^rotary: x \(5, 8\), table \(5, 4\): x is f32 \(batch, time, width\)/,
  ],
  [
    f32(1, 5, 9),
    f32(5, 3),
    {},
    /a table is f32 \(positions, head width\), and the head width is even/,
  ],
  [f32(1, 5, 8), f32(5, 4), { heads: 3 }, /3 heads of 4 do not fit the width 8/],
  [f32(1, 5, 8), f32(5, 4), { heads: -1 }, /-1 heads of 4 do not fit the width 8/],
  [f32(1, 5, 8), f32(5, 4), { start: 1 }, /positions 1 … 5 are not all in the table/],
  [f32(1, 5, 8), f32(5, 4), { start: -1 }, /positions -1 … 3 are not all in the table/],
  [f32(1, 5, 8), f32(9, 4), { start: 0.5 }, /positions 0.5 … 4.5 are not all in the table/],
] as const)("rotary of %j by %j with %j says what does not fit", (x, table, dims, expected) => {
  const all = { heads: 1, start: 0, inverse: false, ...dims };
  expect(message(() => fused.rotary.infer([x, table], all))).toMatch(expected);
});
