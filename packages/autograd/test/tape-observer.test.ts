import { reference } from "@muladd/backend-reference";
import {
  add,
  dispose,
  gather,
  keep,
  linear,
  mul,
  observe,
  share,
  sumAll,
  Tensor,
  tidy,
} from "@muladd/tensor";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TapeObserver, type TapeOp, valueAndGrad, vjp } from "../src/index.ts";

let backend = reference();
beforeEach(() => {
  backend = reference();
});
afterEach(() => {
  expect(backend.memory.buffers).toBe(0);
});

const from = (data: number[], shape?: number[]) => Tensor.from(backend, data, shape, "f32");

/** Keeps all that it sees, by shares. */
class Witness implements TapeObserver, Disposable {
  readonly ops: TapeOp[] = [];
  readonly told: { op: string; what: string; tensors: Tensor[] }[] = [];
  recorded(op: TapeOp): void {
    this.ops.push(op);
  }
  pulled(op: TapeOp, g: Tensor): void {
    this.told.push({ op: op.op, what: "g", tensors: [keep(share(g))] });
  }
  added(op: TapeOp, input: number, given: Tensor, sum: Tensor): void {
    const what = `${input} → ${op.from[input]}`;
    this.told.push({ op: op.op, what, tensors: [keep(share(given)), keep(share(sum))] });
  }
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    for (const { op, what, tensors } of this.told) {
      const numbers = await Promise.all(tensors.map(async (t) => (await t.data()).join(" ")));
      lines.push(`${op} ${what}: ${numbers.join(" | ")}`);
    }
    return lines;
  }
  [Symbol.dispose](): void {
    dispose(this.told.map(({ tensors }) => tensors));
  }
}

describe("an observer of a tape", () => {
  test("sees nodes, the gradients that come in, what rules give, and the sums", async () => {
    using x = from([3], []);
    using y = from([5], []);
    using observer = new Witness();
    const { value, grads } = valueAndGrad(() => add(mul(x, y), x), [x, y], { observer });
    expect(observer.ops.map(({ op, from, to }) => [op, from, to])).toEqual([
      ["mul", [0, 1], 2],
      ["add", [2, 0], 3],
    ]);
    expect(await observer.lines()).toEqual([
      "add g: 1",
      "add 0 → 2: 1 | 1",
      "add 1 → 0: 1 | 1",
      "mul g: 1",
      "mul 0 → 0: 5 | 6",
      "mul 1 → 1: 3 | 3",
    ]);
    dispose([value, grads]);
  });

  test("sees what a table's rows add, beside the sum that is made in place", async () => {
    using table = from([1, 2, 3, 4], [2, 2]);
    using ids = Tensor.from(backend, Int32Array.of(1, 1), [2], "i32");
    using observer = new Witness();
    const f = () => {
      const rows = gather(table, ids);
      return add(sumAll(mul(table, 7)), sumAll(rows));
    };
    const { value, grads } = valueAndGrad(f, [table], { observer });
    const lines = await observer.lines();
    expect(lines.at(-1)).toBe("gather 0 → 0: 0 0 2 2 | 7 7 9 9");
    expect(lines).toContain("scale 0 → 0: 7 7 7 7 | 7 7 7 7"); // kept as it was
    dispose([value, grads]);
  });

  test("sees gradients summed over broadcast axes, and compositions when the function is observed so", async () => {
    using x = from([1, 2, 3, 4], [2, 2]);
    using w = from([1, 0, 0, 1], [2, 2]);
    using b = from([1, 1], [2]);
    using g = from([1, 10, 100, 1000], [2, 2]);
    using observer = new Witness();
    const composed = () =>
      observe({ observe: () => {}, composes: (op) => op === "linear" }, () =>
        tidy(() => linear(x, w, b)),
      );
    const grads = vjp(composed, [x, w, b], g, { observer });
    expect(observer.ops.map(({ op }) => op)).toEqual(["reshape", "matmul", "reshape", "add"]);
    expect(await observer.lines()).toContain("add 1 → 2: 101 1010 | 101 1010");
    dispose(grads);
  });

  test("changes no bit", async () => {
    const data = Array.from({ length: 12 }, (_, i) => Math.sin(i));
    using table = from(data, [4, 3]);
    using ids = Tensor.from(backend, Int32Array.of(1, 3, 1), [3], "i32");
    const f = () => {
      const rows = gather(table, ids);
      return add(sumAll(mul(table, table)), sumAll(mul(rows, mul(rows, rows))));
    };
    const plain = valueAndGrad(f, [table]);
    using observer = new Witness();
    const seen = valueAndGrad(f, [table], { observer });
    expect(await seen.grads.get(table)!.data()).toEqual(await plain.grads.get(table)!.data());
    dispose([plain, seen]);
  });

  test("that throws leaves nothing behind", () => {
    using x = from([3], []);
    const observer: TapeObserver = {
      added: () => {
        throw new Error("seen enough");
      },
    };
    expect(() => valueAndGrad(() => mul(x, x), [x], { observer })).toThrow("seen enough");
  });
});
