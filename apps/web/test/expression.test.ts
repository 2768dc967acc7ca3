import { reference } from "@muladd/backend-reference";
import { dispose, Tensor, tidy } from "@muladd/tensor";
import { expect, test } from "vitest";
import { evaluate } from "../src/engine/evaluate.ts";
import { ExpressionError, namesIn, parseExpression } from "../src/engine/expression.ts";
import { trace } from "../src/engine/trace.ts";

async function computed(text: string, leaves: Record<string, number>): Promise<number> {
  using backend = reference({ precision: "f64" });
  const on = new Map(
    Object.entries(leaves).map(([name, x]) => [name, Tensor.from(backend, [x], [])]),
  );
  const out = tidy(() => evaluate(parseExpression(text), on));
  const value = await out.item();
  dispose([out, on]);
  expect(backend.memory.buffers).toBe(0);
  return value;
}

test.each([
  ["a + b * c", 2 + 3 * 5],
  ["(a + b) × c", 25],
  ["a − b − c", 2 - 3 - 5],
  ["a / b ÷ c", 2 / 3 / 5],
  ["-a * -b", 6],
  ["2 - a", 0],
  ["6 / b", 2],
  ["2 * 3 + a", 8],
  ["tanh(a*b + c) - exp(-a) + log(c)", Math.tanh(11) - Math.exp(-2) + Math.log(5)],
  ["exp(0) · a", 2],
  [" .5a1 + a".replace("a1", ""), 2.5],
] as const)("%s", async (text, value) => {
  expect(await computed(text, { a: 2, b: 3, c: 5 })).toBeCloseTo(value, 12);
});

test("names come once, in order", () => {
  expect(namesIn(parseExpression("b * a + b * w_1"))).toEqual(["b", "a", "w_1"]);
});

test.each([
  ["", 0, /number or a name is missing/],
  ["   ", 3, /number or a name is missing/],
  ["a +", 3, /number or a name is missing here; found the end/],
  ["a b", 2, /operator is missing before b/],
  ["a + * b", 4, /missing here; found \*/],
  ["(a + b", 6, /"\)" is missing/],
  ["a + b)", 5, /operator is missing before \)/],
  ["sin(a)", 3, /sin is no function here/],
  ["exp a", 4, /"\(" is missing after exp/],
  ["a ^ 2", 2, /"\^" cannot be here/],
  ["a + 😀", 4, /"😀" cannot be here/],
  ["1 + 2", 0, /no name in it/],
  ["a; alert(1)", 1, /";" cannot be here/],
  ["a+a+a+a+a+a+a+a+a+a+a+a+a", 0, /has 13 nodes; 12 at most/],
] as const)("refuses %j at %i", (text, position, message) => {
  let error: unknown;
  try {
    parseExpression(text);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ExpressionError);
  expect((error as ExpressionError).message).toMatch(message);
  expect((error as ExpressionError).position).toBe(position);
});

test("its tape: d(a·b + a)/da = b + 1, from two uses", async () => {
  using backend = reference();
  const on = new Map([
    ["a", Tensor.from(backend, [3], [])],
    ["b", Tensor.from(backend, [5], [])],
  ]);
  const { value, nodes, arrays } = await trace(() => evaluate(parseExpression("a*b + a"), on), on);
  expect(value).toBe(18);
  expect(nodes.map(({ op, uses }) => [op, uses])).toEqual([
    ["", 2],
    ["", 1],
    ["mul", 1],
    ["add", 0],
  ]);
  expect([...arrays.get("grad:0")!.data, ...arrays.get("grad:1")!.data]).toEqual([6, 3]);
  dispose(on);
  expect(backend.memory.buffers).toBe(0);
});
