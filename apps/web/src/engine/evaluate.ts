import { add, div, exp, full, log, mul, neg, sub, type Tensor, tanh } from "@muladd/tensor";
import type { Binary, Expression, Unary } from "./expression.ts";

const unary = { exp, log, tanh, neg } as const;
const onHost: Readonly<Record<Unary, (x: number) => number>> = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  neg: (x) => -x,
};

/** Computes it on a device, with a tensor for each name. A number that meets no name is computed on the host. */
export function evaluate(e: Expression, leaves: ReadonlyMap<string, Tensor>): Tensor {
  const [first] = leaves.values();
  const walk = (e: Expression): Tensor | number => {
    if (e.kind === "number") return e.value;
    if (e.kind === "name") return leaves.get(e.name)!;
    if (e.kind === "call") {
      const x = walk(e.of);
      return typeof x === "number" ? onHost[e.op](x) : unary[e.op](x);
    }
    return pair(e.op, walk(e.left), walk(e.right));
  };
  const pair = (op: Binary, a: Tensor | number, b: Tensor | number): Tensor | number => {
    if (typeof a === "number" && typeof b === "number")
      return op === "add" ? a + b : op === "sub" ? a - b : op === "mul" ? a * b : a / b;
    if (typeof a !== "number") return { add, sub, mul, div }[op](a, b);
    const x = b as Tensor; // two numbers were met above
    if (op === "add") return add(x, a);
    if (op === "mul") return mul(x, a);
    if (op === "sub") return add(neg(x), a);
    return div(full(first!.backend, [], a), x);
  };
  return walk(e) as Tensor; // it has a name in it
}
